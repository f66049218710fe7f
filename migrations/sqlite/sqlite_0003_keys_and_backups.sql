-- A master key can be replaced: the old one is accepted for a while, and who comes is moved to the new one. A backup that is put
-- back is told what has come since.

-- When another key took this one's place.
ALTER TABLE key_ids ADD COLUMN rotated_at INTEGER;

-- The ledger tags of the aliases that the row had under older keys: an erasure must reach a backup from before, too.
ALTER TABLE user_aliases ADD COLUMN former_tags TEXT;

-- The most that may be kept of what is older than the entry: NONE after an erasure, LIMITED after a step down to it.
ALTER TABLE erasure_ledger ADD COLUMN privacy_level TEXT NOT NULL DEFAULT 'NONE'
    CONSTRAINT erasure_ledger_level_check CHECK (privacy_level IN ('NONE', 'LIMITED', 'FULL'));
