-- Counts with noise: a day is published once, and what that cost is written down.

-- class: shared
CREATE TABLE shared_releases (
    tenant_id bigint NOT NULL,
    namespace text NOT NULL DEFAULT 'default',
    -- Days since 1970, UTC.
    day integer NOT NULL,
    -- By how much, and with which exception, one person changes what was published of that day.
    epsilon double precision NOT NULL,
    delta double precision NOT NULL,
    released_at timestamptz NOT NULL,
    CONSTRAINT shared_releases_pkey PRIMARY KEY (tenant_id, namespace, day),
    CONSTRAINT shared_releases_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT shared_releases_cost_check CHECK (epsilon > 0 AND delta > 0 AND delta < 1)
);
