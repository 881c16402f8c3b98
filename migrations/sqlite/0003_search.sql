-- Searches hide every model that has a version which is a prompt; most models have none, and so no entry here. The last
-- two columns are always the same, but with them the index answers alone, which makes SQLite prefer it to the table's key.
CREATE INDEX model_versions_prompts ON model_versions (registered_no, is_prompt, deleted_at)
    WHERE is_prompt AND deleted_at IS NULL;
