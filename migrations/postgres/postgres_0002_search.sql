-- Indexes for searching statuses. btree_gin lets the tenant stand first in them, as everywhere; pg_trgm finds a part of a word.
-- Both are modules of PostgreSQL's own package, which the owner of a database may add to it.
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

DROP INDEX post_metadata_tags_idx;
CREATE INDEX post_metadata_tags_idx ON post_metadata USING gin (tenant_id, tags jsonb_path_ops);

-- The operator class by its full name: an extension's schema need not be one that is searched.
DO $$
DECLARE
    place name := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm');
BEGIN
    EXECUTE format('CREATE INDEX post_metadata_content_idx ON post_metadata USING gin (tenant_id, lower(content) %I.gin_trgm_ops)', place);
END
$$;
