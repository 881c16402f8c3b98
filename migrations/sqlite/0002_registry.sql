-- The model registry. Deleted models and versions keep their rows (deleted_at); names are unique among models in use.

CREATE TABLE registered_models (
    registered_no    INTEGER PRIMARY KEY,
    name             TEXT    NOT NULL,
    description      TEXT,
    creation_time    INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL,
    -- The highest version number ever given: the next one is this plus one.
    last_version     INTEGER NOT NULL DEFAULT 0,
    is_prompt        BOOLEAN NOT NULL DEFAULT FALSE,
    deleted_at       INTEGER
);
CREATE UNIQUE INDEX registered_models_by_name ON registered_models (name) WHERE deleted_at IS NULL;
CREATE INDEX registered_models_by_update ON registered_models (last_update_time, name) WHERE deleted_at IS NULL;

CREATE TABLE registered_model_tags (
    registered_no INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    key           TEXT    NOT NULL,
    value         TEXT    NOT NULL,
    PRIMARY KEY (registered_no, key)
) WITHOUT ROWID;
CREATE INDEX registered_model_tags_by_key ON registered_model_tags (key, registered_no);

CREATE TABLE model_versions (
    registered_no    INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    version          INTEGER NOT NULL,
    creation_time    INTEGER NOT NULL,
    last_update_time INTEGER NOT NULL,
    stage            INTEGER NOT NULL,
    source           TEXT    NOT NULL,
    storage_location TEXT    NOT NULL,
    run_id           TEXT    NOT NULL,
    run_link         TEXT    NOT NULL,
    model_id         TEXT,
    description      TEXT,
    is_prompt        BOOLEAN NOT NULL DEFAULT FALSE,
    deleted_at       INTEGER,
    PRIMARY KEY (registered_no, version)
) WITHOUT ROWID;
CREATE INDEX model_versions_by_stage ON model_versions (registered_no, stage, version) WHERE deleted_at IS NULL;
CREATE INDEX model_versions_by_run ON model_versions (run_id) WHERE deleted_at IS NULL;
CREATE INDEX model_versions_by_model ON model_versions (model_id) WHERE deleted_at IS NULL;
CREATE INDEX model_versions_by_update ON model_versions (last_update_time, registered_no, version) WHERE deleted_at IS NULL;

CREATE TABLE model_version_tags (
    registered_no INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    key           TEXT    NOT NULL,
    value         TEXT    NOT NULL,
    PRIMARY KEY (registered_no, version, key),
    FOREIGN KEY (registered_no, version) REFERENCES model_versions ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX model_version_tags_by_key ON model_version_tags (key, registered_no, version);

CREATE TABLE model_aliases (
    registered_no INTEGER NOT NULL,
    alias         TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (registered_no, alias),
    FOREIGN KEY (registered_no, version) REFERENCES model_versions ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX model_aliases_by_version ON model_aliases (registered_no, version);
