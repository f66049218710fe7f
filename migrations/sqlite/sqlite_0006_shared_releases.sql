-- Counts with noise: a day is published once, and what that cost is written down.

-- class: shared
CREATE TABLE shared_releases (
    tenant_id INTEGER NOT NULL,
    namespace TEXT NOT NULL DEFAULT 'default',
    -- Days since 1970, UTC.
    day INTEGER NOT NULL,
    -- By how much, and with which exception, one person changes what was published of that day.
    epsilon REAL NOT NULL,
    delta REAL NOT NULL,
    released_at INTEGER NOT NULL,
    CONSTRAINT shared_releases_pkey PRIMARY KEY (tenant_id, namespace, day),
    CONSTRAINT shared_releases_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT shared_releases_cost_check CHECK (epsilon > 0 AND delta > 0 AND delta < 1)
) STRICT, WITHOUT ROWID;
