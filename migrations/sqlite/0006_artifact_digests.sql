-- What the bytes of stored files were when they passed through, and what is being removed for good.

-- `location` is a domain::digest::ObjectLocation, `sha256` in hex. A row tells of the object that is in place now: it goes
-- before the object is replaced or removed, and comes after the object is there.
CREATE TABLE artifact_digests (
    location    TEXT PRIMARY KEY NOT NULL,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Who may be writing an object, until when. Of writers at the same time there is no telling whose bytes stay: each
-- marks the others as contested, and none of them records a digest.
CREATE TABLE artifact_writers (
    writer_no INTEGER PRIMARY KEY,
    location  TEXT NOT NULL,
    expires   INTEGER NOT NULL,
    contested BOOLEAN NOT NULL
);
CREATE INDEX artifact_writers_by_location ON artifact_writers (location);
CREATE INDEX artifact_writers_by_end ON artifact_writers (expires);

-- Set at the point of no return: from then on it cannot be restored, its files go, and then its rows.
ALTER TABLE experiments ADD COLUMN removing BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE runs ADD COLUMN removing BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE logged_models ADD COLUMN removing BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX experiments_removing ON experiments (experiment_id) WHERE removing;
CREATE INDEX runs_removing ON runs (run_no) WHERE removing;
CREATE INDEX logged_models_removing ON logged_models (model_no) WHERE removing;

-- Pages of what was deleted, the oldest first.
DROP INDEX runs_deleted;
DROP INDEX logged_models_deleted;
CREATE INDEX runs_deleted ON runs (deleted_at, run_no) WHERE deleted_at IS NOT NULL;
CREATE INDEX logged_models_deleted ON logged_models (deleted_at, model_no) WHERE deleted_at IS NOT NULL;
CREATE INDEX experiments_deleted ON experiments (deleted_at, experiment_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX model_versions_deleted ON model_versions (deleted_at, registered_no, version) WHERE deleted_at IS NOT NULL;
