//! How SQLite goes about the searches that matter: by indexes, and without sorting where a page is the first of many.

use domain::ViewType;
use domain::experiments::ExperimentId;
use domain::search;
use sea_query::{SelectStatement, SqliteQueryBuilder};

use super::logged_models::LoggedModelSearch;
use super::runs::RunSearch;
use super::{Value, Window, experiments, logged_models, model_versions, registered_models, runs};
use crate::keys::Keys;
use crate::{Conn, Dialect, Options, Store, args, history, registry_pages, restore};

const WINDOW: Window = Window { offset: 0, after: None, limit: 101 };

async fn plan(conn: &mut Conn, statement: &SelectStatement) -> String {
    explain(conn, &statement.to_string(SqliteQueryBuilder)).await
}

async fn explain(conn: &mut Conn, sql: &str) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let rows: Vec<(i64, i64, i64, String)> =
        conn.fetch_all(sqlx::AssertSqlSafe(sql), vec![crate::Value::BigInt(None); 8]).await.unwrap();
    rows.into_iter().map(|row| row.3).collect::<Vec<_>>().join("\n")
}

fn assert_plan(plan: &str, wanted: &[&str], unwanted: &[&str]) {
    // A scan is fine only where it reads a page in the order of an index.
    let bare_scan = plan.lines().find(|line| line.trim_start().starts_with("SCAN") && !line.contains(" USING "));
    assert!(bare_scan.is_none(), "{plan}");
    for part in wanted {
        assert!(plan.contains(part), "{part} is not in\n{plan}");
    }
    for part in unwanted {
        assert!(!plan.contains(part), "{part} is in\n{plan}");
    }
}

async fn store() -> (Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("sqlite:///{}", folder.path().join("test.db").display());
    let store = Store::open(&Options { uri, max_connections: 1, sqlite_full_sync: false }).await.unwrap();
    (store, folder)
}

/// Five hundred runs, of which every one has the tag `common` and few have the same `rare`.
async fn fill(store: &Store) {
    let keys = store.intern(&["common", "rare", "m", "p"]).await.unwrap();
    store
        .write(move |tx| {
            Box::pin(async move {
                const EXPERIMENT: &str = "INSERT INTO experiments VALUES (0, 'e', '', 0, 0, NULL, FALSE)";
                const SERIES: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) ";
                const RUNS: &str = "INSERT INTO runs (run_no, run_id, experiment_id, name, user_id, status, start_time, \
                                    artifact_uri) SELECT i, 'r' || i, 0, '', '', 1, i, '' FROM n";
                const TAGS: &str = "INSERT INTO run_tags SELECT i, $1, 'x' FROM n UNION ALL SELECT i, $2, i / 5 FROM n";
                tx.execute(EXPERIMENT, args![]).await?;
                for (insert, args) in [(RUNS, args![]), (TAGS, args![keys[0], keys[1]])] {
                    tx.execute(sqlx::AssertSqlSafe(format!("{SERIES}{insert}")), args).await?;
                }
                Ok::<_, crate::StoreError>(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn runs_are_found_by_indexes() {
    let (store, _folder) = store().await;
    fill(&store).await;
    let mut conn = store.read().await.unwrap();
    let keys = Keys::default();
    let by_start = "SEARCH runs USING INDEX runs_by_start (experiment_id=?)";
    let sort = "USE TEMP B-TREE FOR ORDER BY";
    let after = Window { after: Some(vec![Value::Integer(5), Value::Text("r5".into())]), ..WINDOW };
    let first = WINDOW;
    for (filter, order, start, wanted, unwanted) in [
        ("", "", &first, by_start, sort),
        ("", "", &after, "SEARCH runs USING INDEX runs_by_start (experiment_id=? AND start_time<?)", sort),
        ("metrics.m > 1 AND params.p != 'x' AND tags.common LIKE 'x'", "", &first, by_start, sort),
        ("tags.common = 'x'", "", &first, by_start, sort),
        ("tags.common IS NULL", "", &first, by_start, sort),
        ("tags.rare = '7'", "", &first, "SEARCH runs USING INTEGER PRIMARY KEY (rowid=?)", "runs_by_start"),
        ("run_id = 'r1'", "", &first, "SEARCH runs USING INDEX sqlite_autoindex_runs_1 (run_id=?)", "runs_by_start"),
        ("dataset.name = 'x'", "", &first, by_start, sort),
        ("metrics.m > 1", "metrics.m DESC", &first, "SEARCH o0 USING PRIMARY KEY (run_no=? AND key_no=?)", "SCAN"),
        ("", "params.p", &first, by_start, "SCAN"),
    ] {
        let order: Vec<String> = Some(order.to_owned()).into_iter().filter(|clause| !clause.is_empty()).collect();
        let search = RunSearch {
            experiments: vec![ExperimentId(0)],
            view: ViewType::ActiveOnly,
            filter: search::runs::parse_filter(Some(filter)).unwrap(),
            order: search::runs::parse_order(&order).unwrap(),
        };
        let statement = runs::statement(&mut conn, &keys, &search, start).await.unwrap().unwrap();
        let plan = plan(&mut conn, &statement).await;
        assert_plan(&format!("{filter} {order:?}\n{plan}"), &[wanted], &[unwanted]);
    }
}

#[tokio::test]
async fn the_registry_is_searched_by_indexes() {
    let (store, _folder) = store().await;
    let mut conn = store.read().await.unwrap();
    let sort = "USE TEMP B-TREE FOR ORDER BY";
    for (filter, order, wanted, unwanted) in [
        ("", "", "USING INDEX registered_models_by_name", sort),
        ("", "timestamp", "USING INDEX registered_models_by_update", sort),
        ("name = 'a'", "", "SEARCH m USING INDEX registered_models_by_name (name=?)", sort),
        ("tags.a = 'x'", "", "SEARCH x EXISTS USING PRIMARY KEY (registered_no=? AND key=?)", sort),
    ] {
        let filter = search::registered_models::parse_filter(Some(filter)).unwrap();
        let order: Vec<String> = Some(order.to_owned()).into_iter().filter(|clause| !clause.is_empty()).collect();
        let order = search::registered_models::parse_order(&order).unwrap();
        let statement = registered_models::statement(Dialect::Sqlite, &filter, &order, &WINDOW);
        assert_plan(&plan(&mut conn, &statement).await, &[wanted], &[unwanted]);
    }
}

/// A model `a` of one prompt version, with a tag that few have and one that many have.
async fn fill_registry(store: &Store) {
    store
        .write(|tx| {
            Box::pin(async move {
                const SERIES: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) ";
                const MODEL: &str = "INSERT INTO registered_models (registered_no, name, creation_time, last_update_time) \
                                     VALUES (1, 'a', 0, 0)";
                const VERSIONS: &str = "INSERT INTO model_versions (registered_no, version, creation_time, last_update_time, \
                                        stage, source, storage_location, run_id, run_link) \
                                        SELECT 1, i, i, i, 0, '', '', '', '' FROM n";
                const TAGS: &str = "INSERT INTO model_version_tags SELECT 1, i, 'common', 'x' FROM n UNION ALL \
                                    SELECT 1, i, 'rare', i / 5 FROM n";
                tx.execute(MODEL, args![]).await?;
                for insert in [VERSIONS, TAGS] {
                    tx.execute(sqlx::AssertSqlSafe(format!("{SERIES}{insert}")), args![]).await?;
                }
                Ok::<_, crate::StoreError>(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn versions_are_found_by_indexes() {
    let (store, _folder) = store().await;
    fill_registry(&store).await;
    let mut conn = store.read().await.unwrap();
    let sort = "USE TEMP B-TREE FOR ORDER BY";
    let prompts = "SEARCH p USING COVERING INDEX model_versions_prompts (registered_no=?)";
    let is_prompt = "tags.`mlflow.prompt.is_prompt` = 'true'";
    for (filter, order, wanted, unwanted) in [
        ("", "", "SEARCH v USING INDEX model_versions_by_update (last_update_time>?)", sort),
        ("", "creation_timestamp DESC", "SEARCH v USING INDEX model_versions_by_creation (creation_time>?)", sort),
        ("", "version_number DESC", "SEARCH v USING INDEX model_versions_by_number (version>?)", sort),
        (
            "name = 'a'",
            "",
            "model_versions_by_model_update (registered_no=? AND last_update_time>?)",
            "USE TEMP B-TREE",
        ),
        (
            "name = 'a'",
            "version_number DESC",
            "SEARCH v USING PRIMARY KEY (registered_no=? AND version>?)",
            "USE TEMP B-TREE",
        ),
        ("name = 'a' AND version_number = 7", "", "SEARCH v USING PRIMARY KEY (registered_no=? AND version=?)", "SCAN"),
        ("run_id = 'r'", "", "SEARCH v USING INDEX model_versions_by_run (run_id=?)", "SCAN"),
        ("source_path = 's'", "", "SEARCH v USING INDEX model_versions_by_source (<expr>=?)", "SCAN"),
        ("tags.common = 'x'", "", "SEARCH x EXISTS USING PRIMARY KEY (registered_no=? AND version=? AND key=?)", sort),
        ("tags.rare = '7'", "", "SEARCH v USING PRIMARY KEY (registered_no=? AND version=?)", "SCAN"),
    ] {
        let order: Vec<String> = Some(order.to_owned()).into_iter().filter(|clause| !clause.is_empty()).collect();
        let sql = version_search(&mut conn, filter, &order).await.unwrap();
        assert_plan(&format!("{sql}\n{}", explain(&mut conn, &sql).await), &[wanted, prompts], &[unwanted]);
    }
    assert_eq!(version_search(&mut conn, "name = 'b'", &[]).await, None);
    assert_eq!(version_search(&mut conn, "tags.rare = 'no'", &[]).await, None);
    // Prompts too many to be named one by one.
    store.write(|tx| Box::pin(prompts_of(tx))).await.unwrap();
    let sql = version_search(&mut conn, is_prompt, &[]).await.unwrap();
    assert_plan(
        &explain(&mut conn, &sql).await,
        &["model_versions_prompts"],
        &["SCAN v USING INDEX model_versions_by_update"],
    );
}

async fn prompts_of(tx: &mut Conn) -> crate::Result<()> {
    const VERSIONS: &str = "UPDATE model_versions SET is_prompt = TRUE";
    const TAGS: &str =
        "INSERT INTO model_version_tags SELECT 1, version, 'mlflow.prompt.is_prompt', 'true' FROM model_versions";
    tx.execute(VERSIONS, args![]).await?;
    tx.execute(TAGS, args![]).await.map(drop)
}

async fn version_search(conn: &mut Conn, filter: &str, order: &[String]) -> Option<String> {
    let filter = search::model_versions::parse_filter(Some(filter)).unwrap();
    let order = search::model_versions::parse_order(order).unwrap();
    let statement = model_versions::statement(conn, &filter, &order, &WINDOW).await.unwrap();
    statement.map(|statement| statement.to_string(SqliteQueryBuilder))
}

/// What the registry's pages and its memory ask, of any number of versions.
#[tokio::test]
async fn the_registry_is_read_by_indexes() {
    let (store, _folder) = store().await;
    let mut conn = store.read().await.unwrap();
    let sort = "USE TEMP B-TREE FOR ORDER BY";
    let by_stage = "SEARCH model_versions USING INDEX model_versions_by_stage (registered_no=?";
    let by_stages = "SEARCH model_versions USING INDEX model_versions_by_stage (registered_no=? AND stage=?)";
    for (sql, wanted, unwanted) in [
        (history::OF_MODEL, "USING INDEX registry_events_by_model (registered_no=? AND event_no<?)", sort),
        (history::LAST_TIME, "USING INDEX registry_events_by_model (registered_no=?)", sort),
        (
            history::OF_VERSION,
            "USING INDEX registry_events_by_version (registered_no=? AND version=? AND event_no<?)",
            sort,
        ),
        (
            history::STAGE_AT,
            "USING COVERING INDEX stage_spans_by_end (registered_no=? AND stage=? AND until>?)",
            "SCAN",
        ),
        (restore::MODELS, "USING INDEX registered_models_to_restore (deleted_at>? AND deleted_at<?)", sort),
        (restore::LAST_OF_NAME, "USING INDEX registered_models_by_last_name (name=? AND deleted_at>?)", sort),
        (restore::ONE_OF_NAME, "USING INTEGER PRIMARY KEY (rowid=?)", "SCAN"),
        (restore::VERSIONS, "USING COVERING INDEX model_versions_to_restore (registered_no=? AND version<?)", sort),
        (restore::STAGE_TAKEN[1], by_stages, "SCAN"),
        (registry_pages::COUNTS[1], by_stage, "SCAN"),
        (registry_pages::VERSIONS, "SEARCH v USING PRIMARY KEY (registered_no=?)", sort),
        (registry_pages::ACTIVE_VERSIONS[1], by_stages, sort),
        (registry_pages::IN_STAGE[1], by_stages, sort),
        (crate::model_versions::ARCHIVE[1], by_stages, "SCAN"),
    ] {
        let plan = explain(&mut conn, sql).await;
        assert_plan(&format!("{sql}\n{plan}"), &[wanted], &[unwanted]);
    }
}

#[tokio::test]
async fn experiments_and_logged_models_are_searched_by_indexes() {
    let (store, _folder) = store().await;
    let mut conn = store.read().await.unwrap();
    let sort = "USE TEMP B-TREE FOR ORDER BY";
    for (filter, wanted) in [
        ("", "USING INDEX experiments_by_creation"),
        ("name = 'a'", "SEARCH experiments USING INDEX sqlite_autoindex_experiments_1 (name=?)"),
        ("experiment_id IN ('1', '2')", "SEARCH experiments USING INTEGER PRIMARY KEY (rowid=?)"),
        ("tags.a = 'x'", "SEARCH x EXISTS USING PRIMARY KEY (experiment_id=? AND key=?)"),
    ] {
        let filter = search::experiments::parse_filter(Some(filter)).unwrap();
        let order = search::experiments::default_order();
        let statement = experiments::statement(Dialect::Sqlite, &filter, ViewType::ActiveOnly, &order, &WINDOW);
        assert_plan(&plan(&mut conn, &statement).await, &[wanted], &[]);
    }
    let by_creation = "SEARCH l USING INDEX logged_models_by_creation (experiment_id=?";
    let key = "PRIMARY KEY (model_no=? AND key=?";
    let after = Window { after: Some(vec![Value::Integer(1), Value::Text("m".into())]), ..WINDOW };
    for (filter, start, wanted) in [
        ("", WINDOW, by_creation),
        ("", after, "SEARCH l USING INDEX logged_models_by_creation (experiment_id=? AND creation_time<?)"),
        ("metrics.a > 1 AND params.b = 'x' AND tags.c != 'y'", WINDOW, key),
    ] {
        let search = LoggedModelSearch {
            experiments: vec![ExperimentId(0)],
            filter: search::logged_models::parse_filter(Some(filter)).unwrap(),
            ..LoggedModelSearch::default()
        };
        let statement = logged_models::statement(Dialect::Sqlite, &search, &start).unwrap();
        assert_plan(&plan(&mut conn, &statement).await, &[wanted, by_creation], &[sort]);
    }
}
