-- Evidence: how recommendations came to be, what was shown, what was done with it. Sampled, of people at FULL only, for 30 days.

-- class: personal
CREATE TABLE rec_decisions (
    decision_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    namespace TEXT NOT NULL DEFAULT 'default',
    occurred_at INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    surface TEXT NOT NULL,
    request_id TEXT NOT NULL,
    k INTEGER NOT NULL,
    effective_config TEXT,
    bandit TEXT,
    -- Candidates by source before the rules, and what was shown: post keys.
    candidates_pre TEXT,
    final_items TEXT,
    metrics TEXT,
    CONSTRAINT rec_decisions_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE,
    CONSTRAINT rec_decisions_k_check CHECK (k >= 0)
) STRICT;
CREATE INDEX rec_decisions_alias_idx ON rec_decisions (tenant_id, alias_key, occurred_at);
CREATE INDEX rec_decisions_time_idx ON rec_decisions (tenant_id, occurred_at);

-- class: personal
CREATE TABLE exposure_events (
    exposure_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    namespace TEXT NOT NULL DEFAULT 'default',
    occurred_at INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    segment TEXT,
    experiment TEXT,
    variant TEXT,
    policy TEXT,
    config_etag TEXT,
    rules_etag TEXT,
    -- Post keys with rank and propensity.
    items TEXT NOT NULL,
    CONSTRAINT exposure_events_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE
) STRICT;
CREATE INDEX exposure_events_alias_idx ON exposure_events (tenant_id, alias_key, occurred_at);
CREATE INDEX exposure_events_time_idx ON exposure_events (tenant_id, occurred_at);

-- class: personal
CREATE TABLE interaction_events (
    event_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    namespace TEXT NOT NULL DEFAULT 'default',
    occurred_at INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    -- That of the exposure that it followed.
    request_id TEXT NOT NULL,
    -- No foreign key: a post may go before its evidence.
    post_key INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    position INTEGER,
    CONSTRAINT interaction_events_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE,
    CONSTRAINT interaction_events_kind_check CHECK (kind BETWEEN 0 AND 4)
) STRICT;
CREATE INDEX interaction_events_alias_idx ON interaction_events (tenant_id, alias_key, occurred_at);
CREATE INDEX interaction_events_time_idx ON interaction_events (tenant_id, occurred_at);
