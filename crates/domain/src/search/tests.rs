use proptest::prelude::*;

use super::*;

fn refusals<T: std::fmt::Debug>(parse: impl Fn(Option<&str>) -> crate::Result<T>, cases: &[(&str, &str)]) {
    for (filter, start) in cases {
        let message = parse(Some(filter)).expect_err(filter).message;
        assert!(message.starts_with(start), "{filter}\n  {message}\n  {start}");
    }
}

fn order_refusals<T: std::fmt::Debug>(parse: impl Fn(&[String]) -> crate::Result<T>, cases: &[(&str, &str)]) {
    for (clause, start) in cases {
        let message = parse(&[(*clause).to_owned()]).expect_err(clause).message;
        assert!(message.starts_with(start), "{clause}\n  {message}\n  {start}");
    }
}

#[test]
fn patterns_match_whole_texts() {
    for (text, pattern) in
        [("abc", "abc"), ("abc", "a%"), ("abc", "%c"), ("abc", "_b_"), ("", "%"), ("aXbXc", "a%b%c"), ("äb", "_b")]
    {
        assert!(TextTest::Like(pattern.into()).matches(text), "{text} {pattern}");
    }
    for (text, pattern) in [("abc", "ab"), ("abc", "b%"), ("abc", "ABC"), ("", "_"), ("a\\%", "a\\"), ("abc", "%d%")] {
        assert!(!TextTest::Like(pattern.into()).matches(text), "{text} {pattern}");
    }
    assert!(TextTest::ILike("%ÄB".into()).matches("xäb"));
}

#[test]
fn run_filters() {
    use runs::Comparison::{Dataset, Metric, Number as Own, Param, Tag, Text};
    use runs::{DatasetField, NumberAttribute, TextAttribute};
    let eq = |text: &str| TextTest::Eq(text.into());
    let value = |text: &str| ValueTest::Text(eq(text));
    let number = |comparator, value| NumberTest { comparator, value };
    let cases = [
        ("", vec![]),
        ("metrics.acc>0.4", vec![Metric("acc".into(), number(Comparator::Gt, Number::Float(0.4)))]),
        ("metrics.a > -1", vec![Metric("a".into(), number(Comparator::Gt, Number::Int(-1)))]),
        (
            "run_name= 'a'AND status!='x'",
            vec![Text(TextAttribute::RunName, eq("a")), Text(TextAttribute::Status, TextTest::Ne("x".into()))],
        ),
        ("AND params.a='x' AND and tags.b='y' AND", vec![Param("a".into(), value("x")), Tag("b".into(), value("y"))]),
        ("params.a='x' tag.b='y'", vec![Param("a".into(), value("x")), Tag("b".into(), value("y"))]),
        ("params.a = 'it''s'", vec![Param("a".into(), value("it''s"))]),
        ("params.a = \"it's\"", vec![Param("a".into(), value("it's"))]),
        ("parameters.`a'b` = 'x'", vec![Param("a'b".into(), value("x"))]),
        ("`params`.\"a b\" = 'x'", vec![Param("a b".into(), value("x"))]),
        ("tags.mlflow.runName = ''", vec![Tag("mlflow.runName".into(), value(""))]),
        ("tags.order is not null", vec![Tag("order".into(), ValueTest::Present)]),
        ("params.select IS NULL", vec![Param("select".into(), ValueTest::Missing)]),
        ("metrics.1a >= 1e3", vec![Metric("1a".into(), number(Comparator::Ge, Number::Float(1000.0)))]),
        ("`Run Name` ilike 'x%'", vec![Text(TextAttribute::RunName, TextTest::ILike("x%".into()))]),
        ("Created > 1.5", vec![Own(NumberAttribute::StartTime, number(Comparator::Gt, Number::Float(1.5)))]),
        ("run.run_id in ('a')", vec![Text(TextAttribute::RunId, TextTest::In(vec!["a".into()]))]),
        (
            "attr.run_id NOT IN ('a', \"b\",)",
            vec![Text(TextAttribute::RunId, TextTest::NotIn(vec!["a".into(), "b".into()]))],
        ),
        ("datasets.context = 'x'", vec![Dataset(DatasetField::Context, eq("x"))]),
        ("dataset.name IN ('a')", vec![Dataset(DatasetField::Name, TextTest::In(vec!["a".into()]))]),
    ];
    for (filter, expected) in cases {
        assert_eq!(runs::parse_filter(Some(filter)), Ok(expected), "{filter}");
    }
    assert_eq!(runs::parse_filter(None), Ok(vec![]));
}

#[test]
fn refused_run_filters() {
    refusals(
        runs::parse_filter,
        &[
            (" ", "Invalid filter ' '. Could not be parsed."),
            ("metrics.a > 1;", "Invalid clause(s) in filter string: ';'"),
            (
                "metrics.a > 1; metrics.b > 2",
                "Search filter contained multiple expression 'metrics.a > 1; metrics.b > 2'. Provide AND-ed expression list.",
            ),
            ("metrics.a > +1", "Invalid clause(s) in filter string: 'metrics.a', '>', '+', '1'"),
            ("metrics.a > 1 OR metrics.b > 2", "Invalid clause(s) in filter string: 'OR' (at character 15)"),
            ("NOT metrics.a > 1", "Invalid clause(s) in filter string: 'NOT'"),
            ("(metrics.a > 1)", "Invalid clause(s) in filter string: '(metrics.a > 1)'"),
            ("((", "Invalid clause(s) in filter string: '(('"),
            ("metrics.a BETWEEN 1 AND 2", "Invalid clause(s) in filter string: 'metrics.a', 'BETWEEN', '1', '2'"),
            ("params.a = 'x", "Invalid clause(s) in filter string: 'params.a', '=', ''', 'x'"),
            ("run_id IN ('a'", "Invalid clause(s) in filter string: 'run_id', 'IN', '('a''"),
            ("params.a IS", "Invalid clause(s) in filter string: 'params.a', 'IS'"),
            ("params.a = 'x' , params.b = 'y'", "Invalid clause(s) in filter string: ','"),
            ("metrics.a > 1 -- c", "Invalid clause(s) in filter string: '-'"),
            (
                "foo.a = 1",
                "Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
            ),
            ("Params.a = 'x'", "Invalid entity type 'Params'."),
            ("\"params\".a = 'x'", "Invalid entity type '\"params\"'."),
            ("bogus = 'x'", "Invalid attribute key 'bogus' specified. Valid keys are '{"),
            ("experiment_id = '1'", "Invalid attribute key 'experiment_id' specified."),
            ("dataset.bogus = 'x'", "Invalid dataset key 'bogus' specified. Valid keys are '{"),
            ("metrics.a == 1", "Invalid comparator '==' not one of '{"),
            ("metrics.a <> 1", "Invalid comparator '<>' not one of '{"),
            ("params.a not like 'x'", "Invalid comparator 'NOT LIKE' not one of '{"),
            ("params.a > '1'", "Invalid comparator '>' not one of '{"),
            ("tags.a rlike 'x'", "Invalid comparator 'RLIKE' not one of '{"),
            ("metrics.a LIKE 1", "Invalid comparator 'LIKE' not one of '{"),
            ("metrics.a > abc", "Expected numeric value type for metric. Found abc"),
            ("metrics.a>=1and metrics.b<2", "Expected numeric value type for metric. Found 1and"),
            ("start_time = 'x'", "Expected numeric value type for numeric attribute: start_time. Found 'x'"),
            ("start_time IN ('1')", "Expected numeric value type for numeric attribute: start_time. Found ('1')"),
            ("params.a = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
            ("tags.a IN ('x')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('x')"),
            (
                "params.a = b",
                "Parameter value is either not quoted or unidentified quote types used for string value b.",
            ),
            (
                "params.a = `b`",
                "Parameter value is either not quoted or unidentified quote types used for string value `b`.",
            ),
            ("status = 1", "Expected a quoted string value for attributes. Got value 1"),
            ("dataset.name = 1", "Expected a quoted string value for dataset attributes. Got value 1"),
            ("status IN ('a')", "Only ['run_id'] attributes support comparison with a list of quoted string values."),
            (
                "run_id IN ()",
                "While parsing a list in the query, expected a non-empty list of string values, but got empty list",
            ),
            (
                "run_id IN ('a', 1)",
                "While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: ('a', 1)",
            ),
            (
                "run_id IN ('a' 'b')",
                "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.",
            ),
            ("metrics.a IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'a'"),
            (
                "status IS NULL",
                "IS NULL / IS NOT NULL is only supported for tags and params, not for 'attribute' 'status'",
            ),
            ("'x' = params.a", "Invalid comparison clause. Expected 'Identifier' found ''x''"),
            ("1 = 1", "Invalid comparison clause. Expected 'Identifier' found '1'"),
            ("params.a-b = 'x'", "Invalid comparison clause. Expected 'Identifier' found 'params.a-b'"),
        ],
    );
}

#[test]
fn refused_run_orders() {
    let parsed = runs::parse_order(&["metrics.`a b` DESC".into(), "created".into(), "tags.order asc".into()]);
    assert_eq!(
        parsed,
        Ok(vec![
            OrderKey { by: runs::OrderBy::Metric("a b".into()), ascending: false },
            OrderKey { by: runs::OrderBy::Number(runs::NumberAttribute::StartTime), ascending: true },
            OrderKey { by: runs::OrderBy::Tag("order".into()), ascending: true },
        ])
    );
    order_refusals(
        runs::parse_order,
        &[
            ("", "Invalid order_by clause ''. Could not be parsed."),
            ("start_time FOO", "Invalid ordering key in order_by clause 'start_time FOO'."),
            ("Run Name", "Invalid ordering key in order_by clause 'Run Name'."),
            ("start_time DESC NULLS", "Invalid order_by clause 'start_time DESC NULLS'. Could not be parsed."),
            ("start_time, run_id", "Invalid order_by clause 'start_time, run_id'. Could not be parsed."),
            ("metrics.a-b", "Invalid order_by clause 'metrics.a-b'. Could not be parsed."),
            ("'start_time' desc", "Invalid order_by clause ''start_time' desc'. Could not be parsed."),
            ("`run name`", "Invalid attribute key 'run name' specified. Valid keys are '{"),
            ("foo.a", "Invalid entity type 'foo'."),
            ("dataset.name", "Invalid identifier type 'dataset'"),
        ],
    );
    let twice = runs::parse_order(&["created".into(), "start_time DESC".into()]).unwrap_err();
    assert_eq!(twice.message, "`order_by` contains duplicate fields: ['created', 'start_time DESC']");
}

#[test]
fn refused_experiment_searches() {
    refusals(
        experiments::parse_filter,
        &[
            ("name = 'x' OR name = 'y'", "Invalid clause(s) in filter string: OR"),
            ("metrics.a > 1", "Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')"),
            ("attributes.name = 'x'", "Invalid entity type 'attributes'."),
            ("foo = 'x'", "Invalid attribute key 'foo' specified."),
            ("name like 'x'", "Invalid comparator 'like' not one of '{"),
            ("name > 'x'", "Invalid comparator '>' not one of '{"),
            ("name = x", "Parameter value is either not quoted"),
            ("name IN ('a')", "Only ['experiment_id'] attributes support comparison with a list"),
            ("name IS NULL", "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'"),
            ("creation_time > 5.5", "Invalid value for numeric attribute 'creation_time': '5.5'"),
            ("creation_time > '5'", "Expected numeric value type for numeric attribute: creation_time. Found '5'"),
            ("creation_time LIKE 5", "Invalid comparator 'LIKE' not one of '{"),
            ("experiment_id = 1", "Expected a quoted string value for attributes. Got value 1"),
            ("experiment_id > '1'", "Invalid comparator for experiment_id: >"),
            ("experiment_id in ('1')", "Invalid comparator for experiment_id: in"),
            ("experiment_id LIKE '1'", "Invalid comparator for experiment_id: LIKE"),
            ("experiment_id = 'x'", "Invalid experiment ID 'x'. Experiment ID must be a valid integer."),
            ("tags.a ilike 'x'", "Invalid comparator for tag: ilike"),
            ("tags.a > 'x'", "Invalid comparator for tag: >"),
        ],
    );
    assert_eq!(
        experiments::parse_filter(Some("tags.a is null AND experiment_id NOT IN ('1')")),
        Ok(vec![
            experiments::Comparison::Tag("a".into(), ValueTest::Missing),
            experiments::Comparison::Id(experiments::IdTest::NotIn(vec![crate::experiments::ExperimentId(1)])),
        ])
    );
    order_refusals(
        experiments::parse_order,
        &[
            ("tags.a", "Invalid order_by entity: tag"),
            ("lifecycle_stage", "Invalid attribute key 'lifecycle_stage' specified."),
        ],
    );
    experiments::parse_order(&["name".into(), "name DESC".into()]).unwrap();
}

#[test]
fn refused_registry_searches() {
    refusals(
        registered_models::parse_filter,
        &[
            (
                "name = 1",
                "Expected a quoted string value or a list of quoted string values for attributes. Got value 1",
            ),
            ("foo = 'x'", "Invalid attribute key 'foo' specified. Valid keys are '{'name'}'"),
            ("name > 'x'", "Invalid comparator for attribute: >"),
            ("tags.a > 'x'", "Invalid comparator for tag: >"),
            ("tags.a IS NULL", "Invalid comparator for tag: IS NULL"),
            ("tags.a = 1", "Expected a quoted string value for tag (e.g. 'my-value'). Got value 1"),
            ("metrics.a = 1", "Invalid entity type 'metrics'."),
        ],
    );
    refusals(
        model_versions::parse_filter,
        &[
            ("version_number > 1.5", "Invalid value for numeric attribute 'version_number': 1.5"),
            ("version_number = 'x'", "Invalid value for numeric attribute 'version_number': 'x'"),
            ("version_number LIKE 1", "Invalid comparator for attribute version_number: LIKE"),
            ("version_number IN ('1')", "Only ['name', 'run_id'] attributes support comparison with a list"),
            ("source_path IN ('a')", "Only ['name', 'run_id'] attributes support comparison with a list"),
            ("run_id = 1", "Only the '{"),
            ("run_id < 'a'", "Invalid comparator for attribute: <"),
            ("version_number = x", "Parameter value is either not quoted"),
            ("creation_timestamp > 1", "Invalid attribute key 'creation_timestamp' specified."),
        ],
    );
    order_refusals(
        registered_models::parse_order,
        &[(
            "creation_timestamp",
            "Invalid order by key 'creation_timestamp' specified. Valid keys are '{'name', 'timestamp'}'",
        )],
    );
    order_refusals(model_versions::parse_order, &[("source_path", "Invalid attribute key 'source_path' specified.")]);
    registered_models::parse_order(&["timestamp".into(), "last_updated_timestamp DESC".into()]).unwrap_err();
}

#[test]
fn prompts_are_hidden_unless_asked_for() {
    for (filter, prompts, left) in [
        ("", false, 0),
        ("tags.`mlflow.prompt.is_prompt` = 'true' AND name = 'a'", true, 2),
        ("tags.`mlflow.prompt.is_prompt` != 'False'", true, 1),
        ("tags.`mlflow.prompt.is_prompt` = 'false'", false, 0),
        ("tag.mlflow.prompt.is_prompt != 'true' AND name = 'a'", false, 1),
        ("tags.`mlflow.prompt.is_prompt` LIKE 'true'", false, 0),
    ] {
        let models = registered_models::parse_filter(Some(filter)).unwrap();
        assert_eq!((models.prompts, models.comparisons.len()), (prompts, left), "{filter}");
        let versions = model_versions::parse_filter(Some(filter)).unwrap();
        assert_eq!((versions.prompts, versions.comparisons.len()), (prompts, left), "{filter}");
    }
}

#[test]
fn logged_model_searches() {
    use logged_models::Comparison::{Metric, Param, Tag, Text};
    use logged_models::TextAttribute;
    assert_eq!(
        logged_models::parse_filter(Some("params.a = 1 AND tags.`a b` != x AND name in ('n') AND metrics.m > .5")),
        Ok(vec![
            Param("a".into(), TextTest::Eq("1".into())),
            Tag("a b".into(), TextTest::Ne("x".into())),
            Text(TextAttribute::Name, TextTest::In(vec!["n".into()])),
            Metric("m".into(), NumberTest { comparator: Comparator::Gt, value: Number::Float(0.5) }),
        ])
    );
    refusals(
        logged_models::parse_filter,
        &[
            (" ", "Invalid filter string: ' '."),
            (
                "name = 'x' OR name = 'y'",
                "Invalid filter string: \"name = 'x' OR name = 'y'\". Expected a list of comparisons separated by 'AND' \
                 (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
            ),
            ("name IS NULL", "Invalid comparison: nameIS NULL. Expected a comparison with 3 tokens."),
            (
                "attribute.name = 'x'",
                "Invalid entity type: 'attribute'. Expected one of ['attributes', 'metrics', 'params', 'tags'].",
            ),
            (
                "name > 'x'",
                "Invalid comparison operator for attributes.name: '>'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').",
            ),
            (
                "metrics.a LIKE 1",
                "Invalid comparison operator for metrics.a: 'LIKE'. Expected one of ('<', '<=', '>', '>=', '=', '!=').",
            ),
            ("metrics.a > 'x'", "could not convert string to float: \"'x'\""),
            ("bogus = 'x'", "Invalid attribute key 'bogus' specified."),
        ],
    );
    let order = |field| logged_models::parse_order_field(field, None, Some("")).map_err(|e| e.message);
    assert_eq!(order("params.a"), Err("Invalid order by field name: params.a. Only metrics are supported.".into()));
    assert_eq!(order("foo"), Err("Invalid order by field name: foo".into()));
    order("metrics.a.b").unwrap();
    order("creation_timestamp_ms").unwrap();
}

#[test]
fn large_filters_are_refused() {
    let long = format!("params.a = '{}'", "x".repeat(MAX_FILTER_BYTES));
    refusals(runs::parse_filter, &[(&long, "Invalid filter. It has ")]);
    let many = "metrics.a > 1 AND ".repeat(MAX_COMPARISONS);
    assert_eq!(runs::parse_filter(Some(&many)).unwrap().len(), MAX_COMPARISONS);
    refusals(runs::parse_filter, &[(&format!("{many}metrics.a > 1"), "Invalid filter. It has 201 comparisons")]);
    let pattern = format!("params.a LIKE '{}'", "ä".repeat(MAX_PATTERN_CHARS + 1));
    refusals(runs::parse_filter, &[(&pattern, "A pattern of LIKE or ILIKE")]);
    let keys: Vec<String> = (0..=MAX_ORDER_KEYS).map(|n| format!("metrics.m{n}")).collect();
    runs::parse_order(&keys).unwrap_err();
}

/// A key and how a filter may write it.
fn key() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[a-zA-Z_][a-zA-Z0-9_]{0,8}(\\.[a-z0-9_]{1,5})?".prop_map(|key| (key.clone(), key)),
        "[^`\0]{1,12}".prop_map(|key| (key.clone(), format!("`{key}`"))),
        "[^\"\0]{1,12}".prop_map(|key| (key.clone(), format!("\"{key}\""))),
    ]
}

/// A text and how a filter may write it.
fn text() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[^'\0]{0,12}".prop_map(|text| (text.clone(), format!("'{text}'"))),
        "[^\"\0]{0,12}".prop_map(|text| (text.clone(), format!("\"{text}\""))),
    ]
}

fn run_comparison() -> impl Strategy<Value = (runs::Comparison, String)> {
    let space = "[ \t\n]{0,2}";
    let metric =
        (key(), any::<f64>().prop_filter("finite", |v| v.is_finite()), space).prop_map(|((key, k), value, s)| {
            let test = NumberTest { comparator: Comparator::Le, value: Number::Float(value) };
            (runs::Comparison::Metric(key, test), format!("metrics.{k}{s}<={s}{value:e}"))
        });
    let param = (key(), text(), space).prop_map(|((key, k), (text, t), s)| {
        (runs::Comparison::Param(key, ValueTest::Text(TextTest::Ne(text))), format!("params.{k}{s}!={s}{t}"))
    });
    let missing = (key(), space)
        .prop_map(|((key, k), s)| (runs::Comparison::Tag(key, ValueTest::Missing), format!("tags.{k} {s}is{s} NULL")));
    let listed = proptest::collection::vec(text(), 1..4).prop_map(|texts| {
        let (values, written): (Vec<_>, Vec<_>) = texts.into_iter().unzip();
        let test = TextTest::NotIn(values);
        (runs::Comparison::Text(runs::TextAttribute::RunId, test), format!("run_id NOT IN ({})", written.join(" ,")))
    });
    prop_oneof![metric, param, missing, listed]
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,60}") {
        drop(runs::parse_filter(Some(&text)));
        drop(logged_models::parse_filter(Some(&text)));
        drop(runs::parse_order(&[text]));
    }

    #[test]
    fn no_sequence_of_words_is_too_odd(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "params.a", "metrics.`b c`", "tags.\"d\"", "name", "run_id", "'x'", "\"y\"", "1", "-.5", "=", "!=", "<", "==",
            "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "(", ")", ",", ";", "`", "'", "-", ".", "ä", "\0",
        ]), 0..20)) {
        let filter = words.join(" ");
        drop(runs::parse_filter(Some(&filter)));
        drop(experiments::parse_filter(Some(&filter)));
        drop(registered_models::parse_filter(Some(&filter)));
        drop(model_versions::parse_filter(Some(&filter)));
        drop(logged_models::parse_filter(Some(&filter)));
    }

    #[test]
    fn what_is_written_is_read(comparisons in proptest::collection::vec(run_comparison(), 1..5), and in "[Aa][Nn][Dd]") {
        let (expected, written): (Vec<_>, Vec<_>) = comparisons.into_iter().unzip();
        let filter = written.join(&format!(" {and} "));
        prop_assert_eq!(runs::parse_filter(Some(&filter)), Ok(expected), "{}", filter);
    }
}
