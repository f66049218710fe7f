-- A master key can be replaced: the old one is accepted for a while, and who comes is moved to the new one.

-- When another key took this one's place.
ALTER TABLE key_ids ADD COLUMN rotated_at timestamptz;

-- The ledger tags of the aliases that the row had under older keys: an erasure must reach a backup from before, too.
ALTER TABLE user_aliases ADD COLUMN former_tags text;
ALTER TABLE user_aliases ALTER COLUMN former_tags SET STATISTICS 0;
