-- Spreads a PostgreSQL database of Sheltie over the nodes of a Citus cluster, by tenant. docs/scaling.md says when.
--
--     psql -X -v ON_ERROR_STOP=1 -f deploy/citus.sql postgres://admin@coordinator/sheltie
--
-- Before it, on every node:
--   1. the same PostgreSQL and the same Citus, both pinned: Citus 13.2 is the last for PostgreSQL 15, and a minor release of the
--      server can keep it from building. Try every upgrade in a rehearsal cluster first.
--   2. shared_preload_libraries = 'citus' (first in the list), wal_level = logical, max_prepared_transactions = max_connections;
--      where the server knows output_plugin_libraries (15.19, 16.15, 17.11, 18.6), it holds citus.
--   3. a hot standby and an address that moves with the primary: Citus has no failover of its own.
-- And once:
--   4. every 'sheltie serve' is stopped, a backup is taken, 'sheltie db migrate' has run with the program that will serve.
--   5. on the coordinator CREATE EXTENSION citus, citus_set_coordinator_host, then citus_add_node for each worker.
-- After it:
--   6. 'sheltie serve' gets the coordinator's address, and only that: leases and hints belong to one node.
--   7. look at sizes with citus_total_relation_size and citus_shards; pg_total_relation_size shows the coordinator's leavings.
--   8. a tenant that outgrows its neighbours gets a shard of its own:
--      SELECT isolate_tenant_to_new_shard('alias_keys', TENANT, 'CASCADE', shard_transfer_mode => 'force_logical');
--   9. bytes of moved and split shards go later (citus.defer_shard_delete_interval, citus_cleanup_orphaned_resources):
--      until then they are on the old node's disk, outside of every erasure.
-- The number of shards is chosen here, once: 32, or 64 for more than eight nodes (-v shards=64).

\set ON_ERROR_STOP on
\if :{?shards}
\else
    \set shards 32
\endif

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        RAISE EXCEPTION 'the extension citus is not in this database (CREATE EXTENSION citus)';
    END IF;
    IF current_setting('wal_level') <> 'logical' THEN
        RAISE EXCEPTION 'wal_level is %, and logical is needed to move shards', current_setting('wal_level');
    END IF;
    IF current_setting('max_prepared_transactions')::int = 0 THEN
        RAISE EXCEPTION 'max_prepared_transactions is 0';
    END IF;
    IF to_regclass('schema_migrations') IS NULL THEN
        RAISE EXCEPTION 'there is no schema yet; run ''sheltie db migrate'' first';
    END IF;
END
$$;

-- Otherwise making tenants a reference table turns whatever refers to it into a local table, which cannot be distributed any more.
SET citus.enable_local_reference_table_foreign_keys = off;
SET citus.shard_count = :shards;

SELECT create_reference_table('tenants');

-- Parents before children, each in a transaction of its own: a chain of references cannot be distributed in parallel.
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('alias_keys', 'tenant_id', colocate_with => 'none'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('authors', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('key_ids', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('user_aliases', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('post_metadata', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('post_removals', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('user_interactions', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('author_preferences', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('recommendation_logs', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('preferences', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('suppressions', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('rec_decisions', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('exposure_events', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('interaction_events', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('item_popularity_daily', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('shared_releases', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('author_opt_outs', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('ingest_cursors', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('job_runs', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('leases', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('erasure_ledger', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;
BEGIN; SET LOCAL citus.multi_shard_modify_mode = 'sequential'; SELECT create_distributed_table('file_rewrites', 'tenant_id', colocate_with => 'alias_keys'); COMMIT;

-- The rows have been copied to the shards; the old ones stay on the coordinator's disk, out of SQL's sight and of every erasure.
SELECT truncate_local_data_after_distributing_table(logicalrelid) FROM pg_dist_partition
WHERE logicalrelid::text IN (SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND NOT relispartition);

-- Nothing is forgotten: schema_migrations is the one table that stays where it is.
DO $$
DECLARE
    forgotten text;
BEGIN
    SELECT string_agg(c.relname, ', ' ORDER BY c.relname) INTO forgotten FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname <> 'schema_migrations' AND NOT EXISTS (SELECT FROM pg_dist_partition d WHERE d.logicalrelid = c.oid);
    IF forgotten IS NOT NULL THEN
        RAISE EXCEPTION 'neither distributed nor meant to be local: %', forgotten;
    END IF;
    SELECT string_agg(d.logicalrelid::text, ', ') INTO forgotten FROM pg_dist_partition d
    JOIN pg_class c ON c.oid = d.logicalrelid AND c.relnamespace = current_schema()::regnamespace
    WHERE d.partmethod = 'h' AND d.colocationid <> (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'alias_keys'::regclass);
    IF forgotten IS NOT NULL THEN
        RAISE EXCEPTION 'not beside the other tables of its tenant: %', forgotten;
    END IF;
END
$$;
