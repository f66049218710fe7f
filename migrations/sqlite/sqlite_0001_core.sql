-- The core: people as aliases, statuses as metadata, what people did, what they were shown, and the jobs' own book-keeping.
-- Every key begins with the tenant. Surrogates come from AUTOINCREMENT, so they are dense and never used again.
-- The line before each table is its class: personal, about authors, shared, configuration (docs/database.md says what follows from it).

-- class: configuration
CREATE TABLE tenants (
    tenant_id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain TEXT NOT NULL,
    -- The largest version handed to a cached snapshot; grows with every change to what is recommended from.
    snapshot_version INTEGER NOT NULL DEFAULT 0,
    -- The largest version whose removals are no longer listed: a cache older than that reads everything again.
    forgotten_version INTEGER NOT NULL DEFAULT 0,
    -- The day (since 1970) for which the 7-day sums were last moved on.
    window_day INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    CONSTRAINT tenants_domain_key UNIQUE (domain),
    CONSTRAINT tenants_domain_check CHECK (length(domain) BETWEEN 1 AND 259)
) STRICT;

-- class: configuration
CREATE TABLE key_ids (
    tenant_id INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT key_ids_pkey PRIMARY KEY (tenant_id, key_id),
    CONSTRAINT key_ids_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT key_ids_state_check CHECK (state IN ('active', 'accepting', 'destroyed'))
) STRICT, WITHOUT ROWID;

-- class: personal
CREATE TABLE user_aliases (
    alias_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    alias_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    privacy_level TEXT NOT NULL,
    -- Grows with every level change; a write begun under an older epoch is refused.
    epoch INTEGER NOT NULL DEFAULT 1,
    -- A tombstone (an explicit NONE where NONE is not the default) keeps no time.
    created_at INTEGER,
    last_seen INTEGER,
    CONSTRAINT user_aliases_tenant_key UNIQUE (tenant_id, alias_key),
    CONSTRAINT user_aliases_alias_id_key UNIQUE (tenant_id, alias_id),
    CONSTRAINT user_aliases_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT user_aliases_alias_id_check CHECK (length(alias_id) = 64),
    CONSTRAINT user_aliases_level_check CHECK (privacy_level IN ('NONE', 'LIMITED', 'FULL'))
) STRICT;

-- class: about authors
CREATE TABLE authors (
    author_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    -- HMAC of the author's uri under the authors' key; also the value that the opt-out list holds.
    author_id TEXT NOT NULL,
    CONSTRAINT authors_tenant_key UNIQUE (tenant_id, author_key),
    CONSTRAINT authors_author_id_key UNIQUE (tenant_id, author_id),
    CONSTRAINT authors_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT authors_author_id_check CHECK (length(author_id) = 64)
) STRICT;

-- class: about authors
CREATE TABLE post_metadata (
    post_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    post_id TEXT NOT NULL,
    author_key INTEGER NOT NULL,
    -- 0 is a stub: nothing but its keys, and never recommended.
    eligible INTEGER NOT NULL DEFAULT 0,
    -- The id at the tenant's own instance, for hydration and the re-check.
    local_id TEXT,
    content TEXT,
    language TEXT,
    created_at INTEGER,
    edited_at INTEGER,
    favorites INTEGER NOT NULL DEFAULT 0,
    boosts INTEGER NOT NULL DEFAULT 0,
    replies INTEGER NOT NULL DEFAULT 0,
    sensitive INTEGER NOT NULL DEFAULT 0,
    tags TEXT,
    -- Where it was first seen: public, local, trends, tag.
    source TEXT,
    -- When the instance last confirmed that it may be shown.
    checked_at INTEGER,
    -- The tenant's snapshot version at the last change, so that a cache reads only what is new.
    changed_version INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT post_metadata_tenant_key UNIQUE (tenant_id, post_key),
    CONSTRAINT post_metadata_post_id_key UNIQUE (tenant_id, post_id),
    CONSTRAINT post_metadata_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT post_metadata_author_fkey FOREIGN KEY (tenant_id, author_key) REFERENCES authors (tenant_id, author_key) ON DELETE CASCADE,
    CONSTRAINT post_metadata_post_id_check CHECK (length(post_id) BETWEEN 1 AND 64),
    CONSTRAINT post_metadata_language_check CHECK (language IS NULL OR length(language) BETWEEN 1 AND 10),
    CONSTRAINT post_metadata_eligible_check CHECK (eligible = 0 OR eligible = 1 AND created_at IS NOT NULL),
    CONSTRAINT post_metadata_stub_check CHECK (
        eligible = 1 OR local_id IS NULL AND content IS NULL AND language IS NULL AND created_at IS NULL AND edited_at IS NULL
        AND tags IS NULL AND source IS NULL AND checked_at IS NULL),
    CONSTRAINT post_metadata_sensitive_check CHECK (sensitive IN (0, 1))
) STRICT;
CREATE INDEX post_metadata_author_idx ON post_metadata (tenant_id, author_key);
CREATE INDEX post_metadata_created_idx ON post_metadata (tenant_id, created_at);
CREATE INDEX post_metadata_language_idx ON post_metadata (tenant_id, language);
CREATE INDEX post_metadata_tags_idx ON post_metadata (tenant_id, tags) WHERE tags IS NOT NULL;
CREATE INDEX post_metadata_changed_idx ON post_metadata (tenant_id, changed_version);
CREATE INDEX post_metadata_local_idx ON post_metadata (tenant_id, local_id) WHERE local_id IS NOT NULL;
CREATE INDEX post_metadata_checked_idx ON post_metadata (tenant_id, checked_at) WHERE checked_at IS NOT NULL;

-- class: shared
-- Posts that are no longer candidates, for a day: so a cached snapshot hears of a row that is gone. Numbers only.
CREATE TABLE post_removals (
    tenant_id INTEGER NOT NULL,
    changed_version INTEGER NOT NULL,
    -- No foreign key: the post may be gone.
    post_key INTEGER NOT NULL,
    removed_at INTEGER NOT NULL,
    CONSTRAINT post_removals_pkey PRIMARY KEY (tenant_id, changed_version, post_key),
    CONSTRAINT post_removals_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- class: personal
CREATE TABLE user_interactions (
    tenant_id INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    post_key INTEGER NOT NULL,
    -- 0 FAVORITE, 1 BOOST, 2 REPLY, 3 BOOKMARK, 4 VIEW: small, because it stands in every index (docs/database.md).
    kind INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    score_weight REAL,
    context TEXT,
    CONSTRAINT user_interactions_pkey PRIMARY KEY (tenant_id, alias_key, post_key, kind),
    CONSTRAINT user_interactions_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE,
    CONSTRAINT user_interactions_post_fkey FOREIGN KEY (tenant_id, post_key) REFERENCES post_metadata (tenant_id, post_key) ON DELETE CASCADE,
    CONSTRAINT user_interactions_kind_check CHECK (kind BETWEEN 0 AND 4)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_interactions_post_idx ON user_interactions (tenant_id, post_key);
CREATE INDEX user_interactions_kind_idx ON user_interactions (tenant_id, kind);
CREATE INDEX user_interactions_occurred_idx ON user_interactions (tenant_id, occurred_at);

-- class: personal
CREATE TABLE author_preferences (
    tenant_id INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    author_key INTEGER NOT NULL,
    interaction_count INTEGER NOT NULL,
    last_interaction_at INTEGER NOT NULL,
    -- As it was at last_interaction_at; it fades from there. LIMITED: a bucket, 0.25 to 1.
    preference_score REAL NOT NULL,
    -- FULL: how much of the score comes from interactions whose rows have expired, at last_interaction_at, and how many they were.
    carried_weight REAL NOT NULL DEFAULT 0,
    carried_count INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT author_preferences_pkey PRIMARY KEY (tenant_id, alias_key, author_key),
    CONSTRAINT author_preferences_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE,
    CONSTRAINT author_preferences_author_fkey FOREIGN KEY (tenant_id, author_key) REFERENCES authors (tenant_id, author_key) ON DELETE CASCADE,
    CONSTRAINT author_preferences_count_check CHECK (interaction_count >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX author_preferences_author_idx ON author_preferences (tenant_id, author_key);
CREATE INDEX author_preferences_score_idx ON author_preferences (tenant_id, preference_score);

-- class: personal
CREATE TABLE recommendation_logs (
    log_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    post_key INTEGER NOT NULL,
    recommended_at INTEGER NOT NULL,
    -- A code; texts name authors and are made at display.
    reason TEXT NOT NULL,
    model_version TEXT,
    -- The wrapper's id in the page and its neighbours' ids there: what the person's client may ask for later.
    shown_as TEXT,
    above_id TEXT,
    below_id TEXT,
    position INTEGER,
    CONSTRAINT recommendation_logs_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE,
    CONSTRAINT recommendation_logs_post_fkey FOREIGN KEY (tenant_id, post_key) REFERENCES post_metadata (tenant_id, post_key) ON DELETE CASCADE,
    CONSTRAINT recommendation_logs_reason_check CHECK (length(reason) BETWEEN 1 AND 255),
    CONSTRAINT recommendation_logs_model_check CHECK (model_version IS NULL OR length(model_version) <= 50)
) STRICT;
CREATE INDEX recommendation_logs_alias_idx ON recommendation_logs (tenant_id, alias_key, post_key);
-- One wrapper id stands for one status in a person's pages: clients send it back weeks later.
CREATE UNIQUE INDEX recommendation_logs_shown_key ON recommendation_logs (tenant_id, alias_key, shown_as) WHERE shown_as IS NOT NULL;
CREATE INDEX recommendation_logs_post_idx ON recommendation_logs (tenant_id, post_key);
CREATE INDEX recommendation_logs_recent_idx ON recommendation_logs (tenant_id, alias_key, recommended_at);
CREATE INDEX recommendation_logs_time_idx ON recommendation_logs (tenant_id, recommended_at);

-- class: personal
CREATE TABLE preferences (
    tenant_id INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT preferences_pkey PRIMARY KEY (tenant_id, alias_key, name),
    CONSTRAINT preferences_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- class: personal
CREATE TABLE suppressions (
    tenant_id INTEGER NOT NULL,
    alias_key INTEGER NOT NULL,
    -- What is held back: an author ('author', author_id) or a reason ('reason', its code).
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    -- NULL: until the level's own retention ends it.
    until INTEGER,
    CONSTRAINT suppressions_pkey PRIMARY KEY (tenant_id, alias_key, subject_kind, subject),
    CONSTRAINT suppressions_alias_fkey FOREIGN KEY (tenant_id, alias_key) REFERENCES user_aliases (tenant_id, alias_key) ON DELETE CASCADE,
    CONSTRAINT suppressions_kind_check CHECK (subject_kind IN ('author', 'reason'))
) STRICT, WITHOUT ROWID;
CREATE INDEX suppressions_set_idx ON suppressions (tenant_id, set_at);

-- class: shared
CREATE TABLE item_popularity_daily (
    tenant_id INTEGER NOT NULL,
    namespace TEXT NOT NULL DEFAULT 'default',
    -- Days since 1970, UTC.
    day INTEGER NOT NULL,
    post_key INTEGER NOT NULL,
    -- Own people's acts, only where at least 5 aliases acted, rounded to multiples of 5; NULL below.
    score INTEGER,
    -- Growth of the instance's public counters on that day: nobody's data.
    public_score INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT item_popularity_daily_pkey PRIMARY KEY (tenant_id, namespace, day, post_key),
    CONSTRAINT item_popularity_daily_post_fkey FOREIGN KEY (tenant_id, post_key) REFERENCES post_metadata (tenant_id, post_key) ON DELETE CASCADE,
    CONSTRAINT item_popularity_daily_gate_check CHECK (score IS NULL OR score >= 5)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_popularity_daily_post_idx ON item_popularity_daily (tenant_id, post_key);

-- class: about authors
CREATE TABLE author_opt_outs (
    tenant_id INTEGER NOT NULL,
    author_id TEXT NOT NULL,
    source TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    CONSTRAINT author_opt_outs_pkey PRIMARY KEY (tenant_id, author_id),
    CONSTRAINT author_opt_outs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT author_opt_outs_author_id_check CHECK (length(author_id) = 64),
    CONSTRAINT author_opt_outs_source_check CHECK (source IN ('profile', 'request', 'operator'))
) STRICT, WITHOUT ROWID;

-- class: configuration
CREATE TABLE ingest_cursors (
    tenant_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    newest_id TEXT,
    updated_at INTEGER NOT NULL,
    -- Not asked before this moment: the instance's own wish (429, 401, robots), or our back-off.
    not_before INTEGER,
    refusal TEXT,
    CONSTRAINT ingest_cursors_pkey PRIMARY KEY (tenant_id, source),
    CONSTRAINT ingest_cursors_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- class: configuration
CREATE TABLE job_runs (
    run_key INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id INTEGER NOT NULL,
    job TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT,
    -- Counts only, as JSON: never an id.
    counts TEXT,
    CONSTRAINT job_runs_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT job_runs_outcome_check CHECK (outcome IS NULL OR outcome IN ('done', 'failed', 'interrupted'))
) STRICT;
CREATE INDEX job_runs_job_idx ON job_runs (tenant_id, job, started_at);

-- class: configuration
CREATE TABLE leases (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    fence INTEGER NOT NULL,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT leases_pkey PRIMARY KEY (tenant_id, name),
    CONSTRAINT leases_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- class: configuration
-- HMAC of an erased alias under a key of its own, so that a restored backup can be cleaned; gone after 37 days.
CREATE TABLE erasure_ledger (
    tenant_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    erased_at INTEGER NOT NULL,
    CONSTRAINT erasure_ledger_pkey PRIMARY KEY (tenant_id, tag),
    CONSTRAINT erasure_ledger_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The five documented records, by name, order and meaning; tenant and namespace stand last.

CREATE VIEW UserAlias (alias_id, created_at, last_seen, privacy_level, tenant_id, namespace) AS
SELECT alias_id, strftime('%Y-%m-%d %H:%M:%f', created_at / 1000000.0, 'unixepoch'),
    strftime('%Y-%m-%d %H:%M:%f', last_seen / 1000000.0, 'unixepoch'), privacy_level, tenant_id, 'default'
FROM user_aliases;

CREATE VIEW PostMetadata (
    post_id, author_id, author_name, content, language, created_at, favorites, boosts, replies, sensitive, tags, tenant_id, namespace) AS
SELECT p.post_id, a.author_id, NULL, p.content, p.language, strftime('%Y-%m-%d %H:%M:%f', p.created_at / 1000000.0, 'unixepoch'),
    p.favorites, p.boosts, p.replies, p.sensitive, p.tags, p.tenant_id, 'default'
FROM post_metadata p
JOIN authors a ON a.tenant_id = p.tenant_id AND a.author_key = p.author_key;

CREATE VIEW UserInteraction (
    id, alias_id, post_id, interaction_type, "timestamp", score_weight, context, tenant_id, namespace) AS
SELECT (i.alias_key << 35) | (i.post_key << 3) | i.kind, u.alias_id, p.post_id,
    CASE i.kind WHEN 0 THEN 'FAVORITE' WHEN 1 THEN 'BOOST' WHEN 2 THEN 'REPLY' WHEN 3 THEN 'BOOKMARK' ELSE 'VIEW' END,
    strftime('%Y-%m-%d %H:%M:%f', i.occurred_at / 1000000.0, 'unixepoch'), coalesce(i.score_weight, 1.0), i.context, i.tenant_id, 'default'
FROM user_interactions i
JOIN user_aliases u ON u.tenant_id = i.tenant_id AND u.alias_key = i.alias_key
JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key;

CREATE VIEW AuthorPreference (
    id, alias_id, author_id, interaction_count, last_interaction_at, preference_score, tenant_id, namespace) AS
SELECT (r.alias_key << 35) | r.author_key, u.alias_id, a.author_id, r.interaction_count,
    strftime('%Y-%m-%d %H:%M:%f', r.last_interaction_at / 1000000.0, 'unixepoch'), r.preference_score, r.tenant_id, 'default'
FROM author_preferences r
JOIN user_aliases u ON u.tenant_id = r.tenant_id AND u.alias_key = r.alias_key
JOIN authors a ON a.tenant_id = r.tenant_id AND a.author_key = r.author_key;

CREATE VIEW RecommendationLog (id, alias_id, post_id, recommended_at, reason, model_version, tenant_id, namespace) AS
SELECT l.log_key, u.alias_id, p.post_id, strftime('%Y-%m-%d %H:%M:%f', l.recommended_at / 1000000.0, 'unixepoch'),
    l.reason, l.model_version, l.tenant_id, 'default'
FROM recommendation_logs l
JOIN user_aliases u ON u.tenant_id = l.tenant_id AND u.alias_key = l.alias_key
JOIN post_metadata p ON p.tenant_id = l.tenant_id AND p.post_key = l.post_key;
