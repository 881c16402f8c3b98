-- Searches of model versions: within one model, in each order, and by what they were made from.
CREATE INDEX model_versions_by_model_update ON model_versions (registered_no, last_update_time, version) WHERE deleted_at IS NULL;
CREATE INDEX model_versions_by_creation ON model_versions (creation_time, registered_no, version) WHERE deleted_at IS NULL;
CREATE INDEX model_versions_by_number ON model_versions (version, registered_no) WHERE deleted_at IS NULL;
-- Of long texts the beginning is enough; Postgres would refuse to index more than some thousand bytes.
CREATE INDEX model_versions_by_source ON model_versions (substr(source, 1, 200)) WHERE deleted_at IS NULL;
CREATE INDEX model_version_tags_by_value ON model_version_tags (key, substr(value, 1, 200), registered_no, version);
DROP INDEX model_version_tags_by_key;
