-- Deleted rows stand in the write-ahead log until it is emptied. That this is still to be done stands here, by the transaction
-- that has removed them.

-- class: configuration
-- Names of files and times only: nothing of whom the rows were about.
CREATE TABLE file_rewrites (
    rewrite_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    -- Always the log.
    relation TEXT NOT NULL,
    removed_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    CONSTRAINT file_rewrites_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX file_rewrites_tenant_idx ON file_rewrites (tenant_id);
