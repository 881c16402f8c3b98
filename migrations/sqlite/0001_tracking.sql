-- Experiments, runs, metrics, params, tags, datasets and logged models.
-- Times are milliseconds since the epoch; deleted_at is NULL for what is in use. Names of metrics, params and run tags
-- are interned in `keys`, so that a metric point is a narrow row.

CREATE TABLE experiments (
    experiment_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT    NOT NULL UNIQUE,
    artifact_location TEXT    NOT NULL,
    creation_time     INTEGER NOT NULL,
    last_update_time  INTEGER NOT NULL,
    deleted_at        INTEGER
);
CREATE INDEX experiments_by_creation ON experiments (creation_time, experiment_id);
CREATE INDEX experiments_by_update ON experiments (last_update_time, experiment_id);

CREATE TABLE experiment_tags (
    experiment_id INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    key           TEXT    NOT NULL,
    value         TEXT    NOT NULL,
    PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;
CREATE INDEX experiment_tags_by_key ON experiment_tags (key, experiment_id);

CREATE TABLE keys (
    key_no INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
);

CREATE TABLE runs (
    run_no        INTEGER PRIMARY KEY,
    run_id        TEXT    NOT NULL UNIQUE,
    experiment_id INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    user_id       TEXT    NOT NULL,
    status        INTEGER NOT NULL,
    start_time    INTEGER NOT NULL,
    end_time      INTEGER,
    artifact_uri  TEXT    NOT NULL,
    deleted_at    INTEGER
);
CREATE INDEX runs_by_start ON runs (experiment_id, start_time DESC, run_id);
CREATE INDEX runs_deleted ON runs (deleted_at) WHERE deleted_at IS NOT NULL;

-- Clustered in the order in which get-history reads it. An exact repeat is the same row.
CREATE TABLE metric_points (
    run_no    INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key_no    INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    value     REAL    NOT NULL,
    is_nan    BOOLEAN NOT NULL,
    PRIMARY KEY (run_no, key_no, timestamp, step, value, is_nan)
) WITHOUT ROWID;

-- The point with the greatest (step, timestamp, value) of each run and key: what search filters and sorts on.
CREATE TABLE latest_metrics (
    run_no    INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key_no    INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    value     REAL    NOT NULL,
    is_nan    BOOLEAN NOT NULL,
    PRIMARY KEY (run_no, key_no)
) WITHOUT ROWID;
CREATE INDEX latest_metrics_by_value ON latest_metrics (key_no, value, run_no);

CREATE TABLE params (
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key_no INTEGER NOT NULL,
    value  TEXT    NOT NULL,
    PRIMARY KEY (run_no, key_no)
) WITHOUT ROWID;
CREATE INDEX params_by_value ON params (key_no, substr(value, 1, 200), run_no);

CREATE TABLE run_tags (
    run_no INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    key_no INTEGER NOT NULL,
    value  TEXT    NOT NULL,
    PRIMARY KEY (run_no, key_no)
) WITHOUT ROWID;
CREATE INDEX run_tags_by_value ON run_tags (key_no, substr(value, 1, 200), run_no);

CREATE TABLE datasets (
    dataset_no    INTEGER PRIMARY KEY,
    experiment_id INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    digest        TEXT    NOT NULL,
    source_type   TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    schema        TEXT,
    profile       TEXT,
    UNIQUE (experiment_id, name, digest)
);

CREATE TABLE run_datasets (
    run_no     INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    dataset_no INTEGER NOT NULL REFERENCES datasets ON DELETE CASCADE,
    PRIMARY KEY (run_no, dataset_no)
) WITHOUT ROWID;
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_no, run_no);

CREATE TABLE run_dataset_tags (
    run_no     INTEGER NOT NULL,
    dataset_no INTEGER NOT NULL,
    key        TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (run_no, dataset_no, key),
    FOREIGN KEY (run_no, dataset_no) REFERENCES run_datasets ON DELETE CASCADE
) WITHOUT ROWID;

-- Models are named by id: MLflow does not ask that they exist.
CREATE TABLE run_model_inputs (
    run_no   INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    model_id TEXT    NOT NULL,
    PRIMARY KEY (run_no, model_id)
) WITHOUT ROWID;

CREATE TABLE run_model_outputs (
    run_no   INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    model_id TEXT    NOT NULL,
    step     INTEGER NOT NULL,
    PRIMARY KEY (run_no, model_id)
) WITHOUT ROWID;

CREATE TABLE logged_models (
    model_no       INTEGER PRIMARY KEY,
    model_id       TEXT    NOT NULL UNIQUE,
    experiment_id  INTEGER NOT NULL REFERENCES experiments ON DELETE CASCADE,
    name           TEXT    NOT NULL,
    artifact_uri   TEXT    NOT NULL,
    status         INTEGER NOT NULL,
    status_message TEXT,
    model_type     TEXT    NOT NULL,
    source_run_id  TEXT    NOT NULL,
    creation_time  INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL,
    deleted_at     INTEGER
);
CREATE INDEX logged_models_by_creation ON logged_models (experiment_id, creation_time DESC, model_id);
CREATE INDEX logged_models_by_run ON logged_models (source_run_id);
CREATE INDEX logged_models_deleted ON logged_models (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE logged_model_params (
    model_no INTEGER NOT NULL REFERENCES logged_models ON DELETE CASCADE,
    key      TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    PRIMARY KEY (model_no, key)
) WITHOUT ROWID;

CREATE TABLE logged_model_tags (
    model_no INTEGER NOT NULL REFERENCES logged_models ON DELETE CASCADE,
    key      TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    PRIMARY KEY (model_no, key)
) WITHOUT ROWID;

-- Datasets are '' where there is none, so that they can be part of the key.
CREATE TABLE logged_model_metrics (
    model_no       INTEGER NOT NULL REFERENCES logged_models ON DELETE CASCADE,
    key            TEXT    NOT NULL,
    timestamp      INTEGER NOT NULL,
    step           INTEGER NOT NULL,
    run_id         TEXT    NOT NULL,
    value          REAL    NOT NULL,
    is_nan         BOOLEAN NOT NULL,
    dataset_name   TEXT    NOT NULL,
    dataset_digest TEXT    NOT NULL,
    PRIMARY KEY (model_no, key, timestamp, step, run_id, value, is_nan, dataset_name, dataset_digest)
) WITHOUT ROWID;
