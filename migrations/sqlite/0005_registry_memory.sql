-- What the registry remembers: who did what, which version was in which stage when, and what a model asks of its
-- versions before they enter Production.

-- Rows are added, with the change that they tell of, and never changed. `change` is JSON. `version` is NULL for what was
-- done to the model itself; `echo` marks what an entry of another version tells already (the version that an alias left,
-- the versions that a stage's newcomer displaced).
CREATE TABLE registry_events (
    event_no      INTEGER PRIMARY KEY AUTOINCREMENT,
    registered_no INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    version       INTEGER,
    time          INTEGER NOT NULL,
    actor         TEXT,
    change        TEXT    NOT NULL,
    echo          BOOLEAN NOT NULL
);
CREATE INDEX registry_events_by_model ON registry_events (registered_no, event_no) WHERE NOT echo;
CREATE INDEX registry_events_by_version ON registry_events (registered_no, version, event_no);

-- From when (inclusive) until when (exclusive) a version was in Staging or Production; the greatest number is "still".
CREATE TABLE stage_spans (
    registered_no INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
    stage         INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    since         INTEGER NOT NULL,
    until         INTEGER NOT NULL
);
CREATE INDEX stage_spans_by_end ON stage_spans (registered_no, stage, until, since, version);

-- JSON; a model without a row asks for nothing.
CREATE TABLE registered_model_guards (
    registered_no INTEGER PRIMARY KEY REFERENCES registered_models ON DELETE CASCADE,
    guards        TEXT    NOT NULL
);

-- Whether a version was deleted by the deletion of its model: then it comes back with it.
ALTER TABLE model_versions ADD COLUMN deleted_with_model BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE model_versions SET deleted_with_model = TRUE
    WHERE deleted_at = (SELECT m.deleted_at FROM registered_models m WHERE m.registered_no = model_versions.registered_no);

CREATE INDEX registered_models_to_restore ON registered_models (deleted_at, registered_no) WHERE deleted_at IS NOT NULL;
CREATE INDEX registered_models_by_last_name ON registered_models (name, deleted_at) WHERE deleted_at IS NOT NULL;
-- The last column is there so that the index answers alone, which makes SQLite prefer it to the table's key.
CREATE INDEX model_versions_to_restore ON model_versions (registered_no, version, deleted_at)
    WHERE deleted_at IS NOT NULL;

-- What is known of the time before: creations and deletions, and stages since the last change.
INSERT INTO registry_events (registered_no, version, time, change, echo)
SELECT registered_no, version, time, change, FALSE FROM (
    SELECT registered_no, NULL AS version, creation_time AS time, '{"kind":"created"}' AS change FROM registered_models
    UNION ALL
    SELECT registered_no, version, creation_time, '{"kind":"created"}' FROM model_versions
    UNION ALL
    SELECT registered_no, NULL, deleted_at, '{"kind":"deleted"}' FROM registered_models WHERE deleted_at IS NOT NULL
    UNION ALL
    SELECT registered_no, version, deleted_at, '{"kind":"deleted"}' FROM model_versions
    WHERE deleted_at IS NOT NULL AND NOT deleted_with_model
) ORDER BY time, registered_no, version;
INSERT INTO stage_spans (registered_no, stage, version, since, until)
SELECT registered_no, stage, version, last_update_time, coalesce(deleted_at, 9223372036854775807)
FROM model_versions WHERE stage IN (1, 2);
