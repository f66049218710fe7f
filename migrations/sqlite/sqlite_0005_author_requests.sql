-- An author may be left alone for several reasons at once, and taking one back must leave the others: a tag that was seen counts for
-- ever (source 'profile'), a request and the operator's list until they are taken back. The row goes with the last reason.

-- When the author asked for it, having proven the account.
ALTER TABLE author_opt_outs ADD COLUMN requested_at INTEGER;
-- When the operator put them on the list.
ALTER TABLE author_opt_outs ADD COLUMN listed_at INTEGER;
UPDATE author_opt_outs SET requested_at = set_at WHERE source = 'request';
UPDATE author_opt_outs SET listed_at = set_at WHERE source = 'operator';
