-- What a server leaves to the next one.

-- Whether the writer is somebody outside who was given the permission: it outlives the server. Servers' own writes end with
-- them.
ALTER TABLE artifact_writers ADD COLUMN outside BOOLEAN NOT NULL DEFAULT FALSE;
-- Before this was told apart, all of them may be.
UPDATE artifact_writers SET outside = TRUE;

-- Facts that the server and the commands beside it share, such as where artifacts are.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
