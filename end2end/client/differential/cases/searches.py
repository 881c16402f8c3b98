"""The search languages: what they find, in which order, page by page, and what they say to nonsense."""

from steps import EXPERIMENT, GET, POST, Case, each


def run(name, start, metrics=(), params=(), tags=(), status=None):
    """A run with a name, and what is searched for."""
    log = {
        "metrics": [{"key": key, "value": value, "timestamp": 1} for key, value in metrics],
        "params": [{"key": key, "value": value} for key, value in params],
        "tags": [{"key": key, "value": value} for key, value in tags],
    }
    steps = [
        POST("runs/create", experiment_id="$exp", run_name=name, start_time=start, user_id="me").keep(
            **{name: "run/info/run_id"}
        ),
        POST("runs/log-batch", run_id=f"${name}", **log),
    ]
    return steps + ([POST("runs/update", run_id=f"${name}", status=status, end_time=start + 5)] if status else [])


RUNS = each(
    EXPERIMENT,
    run("one", 1, [("acc", 0.5), ("my loss", 3)], [("lr", "0.1"), ("a-b", "x")], [("env", "prod"), ("it", "it's")], "FINISHED"),
    run("two", 2, [("acc", 0.9)], [("lr", "0.01"), ("a.b", "y")], [("env", "Dev"), ("a.b", "dots")], "FAILED"),
    run("three", 3, [("acc", "NaN")], [("lr", "0.1")], [("order", "first")]),
    run("four", 4, [("acc", "Infinity")], [], [("env", "100%")]),
    POST(
        "runs/log-inputs",
        run_id="$one",
        datasets=[
            {
                "dataset": {"name": "ds1", "digest": "d1", "source_type": "t", "source": "s"},
                "tags": [{"key": "mlflow.data.context", "value": "training"}],
            },
            {"dataset": {"name": "ds2", "digest": "d2", "source_type": "t", "source": "s"}},
        ],
    ),
)
RUN_FILTERS = [
    *["metrics.acc > 0.4", "metric.acc >= 0.9", "metrics.acc < .6", "metrics.acc != 0.5", "metrics.acc = 5e-1"],
    *["metrics.acc>0.4", "metrics.`my loss` = 3", 'metrics."my loss" = 3', "metrics.none != 1", "metrics.acc > -1"],
    *["metrics.acc > +1", "metrics.acc > 'x'", "metrics.acc > '0.4'", "metrics.acc LIKE '5'", "metrics.acc IS NULL"],
    *["metrics.acc > 1e308", "metrics.acc = NaN", "metrics.acc IN ('1')", "metrics.acc > 0.4 AND metrics.acc < 0.95"],
    *["params.lr = '0.1'", 'params.lr = "0.1"', "parameter.lr != '0.1'", "param.lr LIKE '0.%'", "params.lr ILIKE '0.0_'"],
    *["params.`a-b` = 'x'", "params.a.b = 'y'", "params.a-b = 'x'", "params.lr = 0.1", "params.lr = lr", "params.lr > '0'"],
    *["params.none IS NULL", "params.lr IS NOT NULL", "params.lr is not null", "params.lr IN ('0.1')", "params.lr = `0.1`"],
    *["tags.env = 'prod'", "tag.env ILIKE 'd%'", "tags.env like 'P%'", "tags.env = '100%'", "tags.env LIKE '100\\%'"],
    *["tags.order = 'first'", "tags.it = \"it's\"", "tags.it = 'it''s'", "tags.a.b = 'dots'", "tags.env IS NULL"],
    *["tags.mlflow.runName = 'one'", "tags.`mlflow.runName` = 'one'", "tags.env = ''", "tags.env != 'prod'"],
    *["attributes.status = 'FINISHED'", "status = 'finished'", "attribute.status != 'RUNNING'", "attr.user_id = 'me'"],
    *["run.run_name = 'one'", "run_name LIKE 't%'", "`run name` = 'one'", "`Run name` = 'two'", "run_name IS NULL"],
    *["start_time > 1", "start_time = 2", "created <= 2.5", "Created >= 4", "end_time > 0", "end_time != 0"],
    *["start_time > '1'", "start_time = 'x'", "start_time LIKE '1'", "run_id = '$one'", "run_id IN ('$one', '$two')"],
    *["run_id NOT IN ('$one')", "run_id in ('$one',)", "run_id IN ()", "run_id IN ('$one', 2)", "run_id IN ('$one' '$two')"],
    *["run_name IN ('one')", "experiment_id = '1'", "lifecycle_stage = 'active'", "artifact_uri LIKE '%artifacts'"],
    *["dataset.name = 'ds1'", "datasets.digest LIKE 'd%'", "dataset.context = 'training'", "dataset.name != 'ds1'"],
    *["dataset.name = 'ds2' AND dataset.context = 'training'", "dataset.name IN ('ds1', 'x')", "dataset.source = 's'"],
    *["dataset.name = 5", "dataset.name > 'a'", "dataset.name IS NULL", "", " ", "AND", "a", "=", "= 'x'", "bogus.x = 'y'"],
    *["params.lr = '0.1' AND tags.env = 'prod'", "params.lr = '0.1' and tags.env = 'prod'", "params.lr = '0.1' tags.env = 'prod'"],
    *["AND params.lr = '0.1'", "params.lr = '0.1' AND", "params.lr = '0.1' OR tags.env = 'prod'", "(params.lr = '0.1')"],
    *["NOT params.lr = '0.1'", "params.lr = '0.1';", "params.lr = '0.1'; params.lr = '1'", "params.lr == '0.1'"],
    *["params.lr <> '0.1'", "params.lr NOT LIKE '0'", "params.lr BETWEEN '0' AND '1'", "params.lr = '0.1' -- x"],
    *["params.lr = 'unclosed", "params.lr", "params. = 'x'", ".lr = 'x'", "params.lr = ", "params.lr = '0.1' AND AND status = 'x'"],
    *["Params.lr = '0.1'", "'0.1' = params.lr", "params.lr = params.lr", "status = FINISHED", "status = 5", "1 = 1"],
    *["metrics.acc > 1 000", "metrics.acc > 1_000", "metrics.acc > 0x10", "metrics.acc > 1.5.2", "tags.env = 'a' AND ()"],
    *["attribute.bogus = 'x'", "bogus = 'x'", "params.lr RLIKE '0'", "run_name= 'one'AND status='FINISHED'", "tags.'env' = 'prod'"],
    *["start_time IS NULL", "start_time IN ('1')", "status IN ('RUNNING')", "params.lr IN '0.1'", "user_id ILIKE 'M_'"],
]
RUN_ORDERS = [
    *[["start_time"], ["start_time ASC"], ["start_time desc"], ["attributes.start_time DESC"], ["metrics.acc"]],
    *[["metrics.acc DESC"], ["params.lr", "start_time"], ["tags.env DESC"], ["run_name"], ["metrics.`my loss`"]],
    *[["status", "start_time DESC"], ["end_time"], ["end_time DESC"], ["Created"], ["metric.none", "start_time"]],
    *[["start_time", "start_time"], ["bogus"], ["start_time UP"], ["start_time ASC x"], ["start_time, run_name"], [""], [" "]],
    *[["dataset.name"], ["Run Name"], ["bogus.x"], ["metrics.acc ASC", "metrics.acc DESC"], ["`start_time`"], ['"start_time"']],
    *[["user_id"], ["params.`a-b` desc"], ["tags.mlflow.runName"], ["-start_time"]],
]

EXPERIMENTS = each(
    [
        POST("experiments/create", name=f"$case {name}", tags=[{"key": key, "value": value}]).keep(**{name: "experiment_id"})
        for name, key, value in (("alpha", "team", "a"), ("beta", "team", "B"), ("gamma", "x y", "c"))
    ],
    POST("experiments/delete", experiment_id="$gamma"),
)
EXPERIMENT_FILTERS = [
    *["name = '$case alpha'", "attribute.name = '$case beta'", "name LIKE '$case %a'", "Name = 'x'", "name NOT LIKE 'x'"],
    *["name ILIKE '$CASE A%'", "name like '$case %'", "experiment_id = '$alpha'", "experiment_id IN ('$alpha', '$beta')"],
    *["experiment_id in ('$alpha')", "experiment_id = 'x'", "experiment_id = 5", "experiment_id > '1'", "experiment_id LIKE '1'"],
    *["creation_time > 1.5", "creation_time = 'x'", "creation_time LIKE '1'", "tags.team = 5", "tags.team > 'a'"],
    *["name IS NULL", "name IN ('a')", "bogus = 'x'", "bogus.x = 'y'", "metrics.a > 1", "name = alpha", "name = 5", "name = '"],
    *[" ", "name = 'a' OR name = 'b'", "(name = 'a')", "name = 'a'; name = 'b'", "name", "lifecycle_stage = 'active'"],
]
# Those that would find experiments of other cases as well.
EXPERIMENT_FILTERS_OF_ALL = [
    *["name != '$case alpha'", "experiment_id NOT IN ('$alpha')", "creation_time > 0", "last_update_time > 0"],
    *["tags.team = 'a'", "tag.team ILIKE 'b'", "tags.`x y` = 'c'", "tags.team != 'a'", "tags.team IS NULL"],
    *["tags.team is not null", "experiment_id != '$alpha'", "creation_time < 0", "AND"],
]

REGISTRY = each(
    [
        POST("registered-models/create", name=f"$case-{name}", tags=tags, description=name)
        for name, tags in (
            ("alpha", [{"key": "team", "value": "a"}]),
            ("beta", [{"key": "team", "value": "B"}, {"key": "x y", "value": "1"}]),
            ("gamma", []),
            ("prompt", [{"key": "mlflow.prompt.is_prompt", "value": "true"}]),
        )
    ],
    [
        POST("model-versions/create", name=f"$case-{name}", source=source, run_id=run, tags=[{"key": "v", "value": value}])
        for name, source, run, value in (
            *[("alpha", "s3://b/1", "r1", "1"), ("alpha", "s3://b/2", "r2", "2"), ("beta", "s3://c/1", "r1", "1")],
        )
    ],
    POST(
        "model-versions/create",
        name="$case-prompt",
        source="dummy-source",
        tags=[{"key": "mlflow.prompt.is_prompt", "value": "true"}, {"key": "mlflow.prompt.text", "value": "t"}],
    ),
)
MODEL_FILTERS = [
    *["name = '$case-alpha'", "name LIKE '$case-%'", "name ILIKE '$CASE-%'", "name != '$case-alpha' AND name LIKE '$case%'"],
    *["name IN ('$case-alpha', '$case-beta')", "name NOT IN ('$case-alpha') AND name LIKE '$case%'", "attribute.name = 'x'"],
    *["tags.team = 'a'", "tag.team ILIKE 'b'", "tags.team != 'a'", "tags.`x y` = '1'", "tags.team LIKE '%'", "tags.none = 'x'"],
    *["tags.team = 'a' AND tags.team = 'B'", "tags.team = 'B' AND tags.`x y` = '1'", "tags.team > 'a'", "tags.team = 5"],
    *["tags.team IN ('a')", "tags.team IS NULL", "name IS NULL", "name > 'a'", "name = alpha", "name = 5", "bogus = 'x'"],
    *["bogus.x = 'x'", "run_id = 'r1'", "version_number > 1", "", " ", "name", "name = 'a' OR name = 'b'", "(name = 'a')"],
    *["tags.`mlflow.prompt.is_prompt` = 'true' AND name LIKE '$case%'", "tags.`mlflow.prompt.is_prompt` != 'true' AND name LIKE '$case%'"],
    *["tags.`mlflow.prompt.is_prompt` = 'false' AND name LIKE '$case%'", "name = 'a'; name = 'b'", "AND", "name IN ()"],
    *["name IN ('a', 5)", "timestamp > 1", "last_updated_timestamp > 1", "name NOT LIKE 'x'", "name == 'x'", "name = 'x"],
]
VERSION_FILTERS = [
    *["name = '$case-alpha'", "name LIKE '$case-%'", "name ILIKE '$CASE%'", "name IN ('$case-alpha')", "name NOT IN ('x') AND name LIKE '$case%'"],
    *["run_id = 'r1' AND name LIKE '$case%'", "run_id IN ('r1', 'r2') AND name LIKE '$case%'", "run_id LIKE 'r%' AND name LIKE '$case%'"],
    *["run_id NOT IN ('r1') AND name LIKE '$case%'", "source_path = 's3://b/1'", "source_path LIKE 's3://c%'", "source_path IN ('x')"],
    *["version_number > 1 AND name LIKE '$case%'", "version_number = '1' AND name LIKE '$case%'", "version_number != 1 AND name LIKE '$case%'"],
    *["version_number = 'x'", "version_number = 1.5", "version_number LIKE '1'", "version_number IN ('1')", "version > 1"],
    *["tags.v = '1' AND name LIKE '$case%'", "tags.v != '1' AND name LIKE '$case%'", "tags.v LIKE '_' AND name LIKE '$case%'"],
    *["tags.v IS NULL", "tags.v > '1'", "tags.v = 1", "name > 'a'", "name = 5", "bogus = 'x'", "bogus.x = 'x'", "name = x"],
    *["tags.`mlflow.prompt.is_prompt` = 'true' AND name LIKE '$case%'", "tags.`mlflow.prompt.is_prompt` = 'false' AND name LIKE '$case%'"],
    *["current_stage = 'None'", "creation_timestamp > 1", "name = 'a' OR name = 'b'", " ", "run_id = '' AND name LIKE '$case%'"],
]

LOGGED_MODELS = each(
    EXPERIMENT,
    POST("runs/create", experiment_id="$exp", run_name="r").keep(run="run/info/run_id"),
    [
        POST(
            "logged-models",
            experiment_id="$exp",
            name=name,
            model_type=kind,
            source_run_id="$run",
            params=[{"key": "lr", "value": lr}, {"key": "a-b", "value": "x"}],
            tags=[{"key": "env", "value": env}],
        ).keep(**{name: "model/info/model_id"})
        for name, kind, lr, env in (("uno", "sklearn", "0.1", "prod"), ("due", "torch", "0.2", "Dev"), ("tre", None, "0.1", "x"))
    ],
    POST(
        "runs/log-batch",
        run_id="$run",
        metrics=[
            {"key": "acc", "value": 0.5, "timestamp": 1, "model_id": "$uno", "dataset_name": "d", "dataset_digest": "1"},
            {"key": "acc", "value": 0.7, "timestamp": 2, "model_id": "$uno"},
            {"key": "acc", "value": 0.6, "timestamp": 1, "model_id": "$due", "dataset_name": "d", "dataset_digest": "2"},
        ],
    ),
)
LOGGED_FILTERS = [
    *["name = 'uno'", "attributes.name = 'uno'", "name LIKE '%o'", "name ILIKE 'UN%'", "name IN ('uno', 'due')", "name != 'uno'"],
    *["name NOT IN ('uno')", "model_id = '$uno'", "model_type = 'sklearn'", "source_run_id = '$run'", "status = '1'"],
    *["status = 'LOGGED_MODEL_PENDING'", "experiment_id = '$exp'", "lifecycle_stage = 'active'", "creation_timestamp > 0"],
    *["creation_timestamp_ms > 0", "creation_time > 1", "last_updated_timestamp > 0", "last_updated_timestamp_ms < 5"],
    *["metrics.acc > 0.55", "metrics.acc = 0.5", "metrics.acc < 0.55 AND metrics.acc > 0.65", "metrics.none > 1", "metrics.acc > 'x'"],
    *["params.lr = '0.1'", "params.`a-b` = 'x'", "params.lr LIKE '0%'", "params.lr IN ('0.2')", "params.lr > '0'", "params.lr = 0.1"],
    *["tags.env = 'prod'", "tags.env ILIKE 'd%'", "tags.env IS NULL", "tag.env = 'prod'", "metric.acc > 0", "bogus = 'x'"],
    *["bogus.x = 'x'", "name = uno", "name = 5", "name", "", " ", "AND", "name = 'a' OR name = 'b'", "(name = 'uno')", "name == 'uno'"],
    *["name = 'uno' AND params.lr = '0.1'", "name = 'uno' AND", "name > 'a'", "metrics.acc LIKE '1'", "model_type != 'torch'", "creation_time LIKE '1'"],
    *["name IN ()", "name IN ('a', 5)", "name = 'x", "name = 'a'; name = 'b'", 'name = "uno"', "status_message = 'x'"],
]
LOGGED_ORDERS = [
    *[[{"field_name": "name"}], [{"field_name": "name", "ascending": False}], [{"field_name": "metrics.acc"}]],
    *[[{"field_name": "metrics.acc", "ascending": False}], [{"field_name": "metrics.acc", "dataset_name": "d"}]],
    *[[{"field_name": "metrics.acc", "dataset_name": "d", "dataset_digest": "1"}], [{"field_name": "creation_time"}]],
    *[[{"field_name": "creation_timestamp"}], [{"field_name": "bogus"}], [{"field_name": "params.lr"}], [{}]],
    *[[{"field_name": "model_type"}, {"field_name": "name"}], [{"field_name": "name"}, {"field_name": "name"}]],
    *[[{"field_name": ""}], [{"field_name": "metrics."}], ["name"], "name", [{"field_name": "name", "ascending": "no"}]],
]
TOKENS = ["garbage", "!!", "e30=", "eyJvZmZzZXQiOiAwfQ==", "eyJvZmZzZXQiOiAxMDB9", "eyJvZmZzZXQiOiAieCJ9", "W10=", "bnVsbA==", ""]


def search_runs(**fields):
    return POST("runs/search", {"experiment_ids": ["$exp"], **fields})


def search_experiments(**fields):
    return POST("experiments/search", {"max_results": 50, "view_type": "ALL", **fields})


def search_logged(**fields):
    return POST("logged-models/search", {"experiment_ids": ["$exp"], **fields})


def models(**query):
    return GET("registered-models/search", **query)


def versions(**query):
    return GET("model-versions/search", **query)


CASES = [
    Case("filters of runs", each(RUNS, [search_runs(filter=text) for text in RUN_FILTERS])),
    Case("orders of runs", each(RUNS, [search_runs(order_by=keys) for keys in RUN_ORDERS])),
    Case(
        "pages of runs",
        each(
            RUNS,
            search_runs(),
            search_runs(max_results=3).keep(token="next_page_token"),
            search_runs(max_results=3, page_token="$token"),
            search_runs(max_results=4),
            [search_runs(max_results=2, page_token=token) for token in TOKENS],
            [search_runs(max_results=n) for n in (0, -1, 50000, 50001)],
            POST("runs/search", {}),
            POST("runs/search", experiment_ids=[]),
            POST("runs/search", experiment_ids=["77777"]),
            POST("runs/search", experiment_ids=["abc"]),
            POST("runs/search", experiment_ids=["$exp", "$exp"], max_results=2),
            POST("runs/delete", run_id="$one"),
            [search_runs(run_view_type=view) for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", "bogus")],
        ),
    ),
    Case(
        "filters of experiments",
        each(
            EXPERIMENTS,
            [search_experiments(filter=text) for text in EXPERIMENT_FILTERS],
            [search_experiments(filter=f"name LIKE '$case %' AND {text}") for text in EXPERIMENT_FILTERS_OF_ALL],
        ),
    ),
    Case(
        "orders and pages of experiments",
        each(
            EXPERIMENTS,
            [
                search_experiments(filter="name LIKE '$case %'", order_by=keys)
                for keys in (
                    *[["name"], ["name DESC"], ["attribute.name desc"], ["experiment_id"], ["experiment_id DESC"]],
                    *[["creation_time", "name"], ["last_update_time DESC", "name"], ["bogus"], ["tags.team"], ["name UP"]],
                    *[["name", "name"], ["name, experiment_id"], [""], ["metrics.a"], ["`name`"], ["name ASC x"], "name", [1]],
                )
            ],
            [
                search_experiments(filter="name LIKE '$case %'", view_type=view, order_by=["name"])
                for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", 2, "bogus", None)
            ],
            search_experiments(filter="name LIKE '$case %'", order_by=["name"], max_results=2).keep(token="next_page_token"),
            search_experiments(filter="name LIKE '$case %'", order_by=["name"], max_results=2, page_token="$token"),
            [search_experiments(filter="name LIKE '$case %'", page_token=token) for token in TOKENS],
            [search_experiments(filter="name = 'x'", max_results=n) for n in (0, -1, 50000, 50001, None)],
        ),
    ),
    Case("filters of registered models", each(REGISTRY, [models(filter=text) for text in MODEL_FILTERS if text])),
    Case(
        "orders and pages of registered models",
        each(
            REGISTRY,
            [
                models(filter="name LIKE '$case-%'", order_by=keys)
                for keys in (
                    *[["name"], ["name DESC"], ["attribute.name desc"], ["bogus"], ["tags.team"], ["name UP"], ["name", "name"]],
                    *[["timestamp", "name"], ["last_updated_timestamp DESC", "name"], ["name ASC x"], ["name,timestamp"]],
                    *[["timestamp", "last_updated_timestamp"], ["creation_timestamp"], ["`name`"]],
                )
            ],
            models(filter="name LIKE '$case-%'", max_results="2").keep(token="next_page_token"),
            models(filter="name LIKE '$case-%'", max_results="2", page_token="$token"),
            [models(filter="name LIKE '$case-%'", page_token=token) for token in TOKENS if token],
            [models(filter="name LIKE '$case-%'", max_results=n) for n in ("0", "-1", "1000", "1001", "x")],
        ),
    ),
    Case("filters of versions", each(REGISTRY, [versions(filter=text) for text in VERSION_FILTERS])),
    Case(
        "orders and pages of versions",
        each(
            REGISTRY,
            [
                versions(filter="name LIKE '$case-%'", order_by=keys)
                for keys in (
                    *[["name", "version_number"], ["name DESC", "version_number DESC"], ["version_number", "name"], ["bogus"]],
                    *[["creation_timestamp", "name", "version_number"], ["tags.v"], ["name UP"], ["name", "name"], ["run_id"]],
                )
            ],
            versions(filter="name LIKE '$case-%'", order_by=["name", "version_number"], max_results="2").keep(token="next_page_token"),
            versions(filter="name LIKE '$case-%'", order_by=["name", "version_number"], max_results="2", page_token="$token"),
            [versions(filter="name LIKE '$case-none'", page_token=token) for token in TOKENS if token],
            [versions(filter="name LIKE '$case-none'", max_results=n) for n in ("0", "-1", "200000", "200001", "x")],
        ),
    ),
    Case("filters of logged models", each(LOGGED_MODELS, [search_logged(filter=text) for text in LOGGED_FILTERS])),
    Case(
        "orders and pages of logged models",
        each(
            LOGGED_MODELS,
            [search_logged(order_by=keys) for keys in LOGGED_ORDERS],
            search_logged(order_by=[{"field_name": "name"}], max_results=2).keep(token="next_page_token"),
            search_logged(order_by=[{"field_name": "name"}], max_results=2, page_token="$token"),
            search_logged(max_results=2, page_token="$token"),
            search_logged(order_by=[{"field_name": "name"}], filter="name = 'x'", page_token="$token"),
            POST("logged-models/search", experiment_ids=["0"], order_by=[{"field_name": "name"}], page_token="$token"),
            [search_logged(page_token=token) for token in ("garbage", "!!", "e30=", "")],
            [search_logged(order_by=[{"field_name": "name"}], max_results=n) for n in (0, 1, 100000, "x")],
            [
                search_logged(datasets=datasets, filter=text, order_by=[{"field_name": "name"}])
                for datasets in (
                    *[[{"dataset_name": "d"}], [{"dataset_name": "d", "dataset_digest": "1"}], [{"dataset_name": "none"}]],
                    *[[{"dataset_digest": "1"}], [{}], ["d"], "d"],
                )
                for text in ("", "metrics.acc > 0.1")
            ],
            POST("logged-models/search", {}),
            POST("logged-models/search", experiment_ids=[]),
            POST("logged-models/search", experiment_ids=["77777"]),
            POST("logged-models/search", experiment_ids=["abc"]),
            POST("logged-models/search", experiment_ids="$exp"),
            POST("logged-models/search", experiment_ids=[5]),
        ),
    ),
]
