public import Fediverse

// The state table: what happens, at which level, leaves what, where, how long, for whom. There is no other list of it.

extension KeepingPolicy {
    /// The product's policy. Level NONE has no forms: what is not listed is not kept.
    public static let standard = KeepingPolicy(events: [
        Event(.visit, "a visit", holds: ["alias", "level"], limited: Form(.week, for: .days(180)), full: Form(.day, for: .days(365)),
            in: ["user_aliases", "alias_keys"]),
        Event("your home timeline passes through", limited: "nothing about its statuses"),
        Event(.act, "a favourite, reblog or reply on a public or unlisted status", holds: ["status", "what you did"],
            limited: Form(.hour, for: .days(14)), full: Form(.second, [.weight, .context], for: .days(90)), in: ["user_interactions", "post_metadata", "authors"]),
        Event(.bookmark, "a bookmark of such a status", holds: ["status", "what you did"],
            full: Form(.second, [.weight, .context], for: .days(90)), in: ["user_interactions", "post_metadata", "authors"]),
        Event(.view, "a status that you looked at", holds: ["status"], full: Form(.day, for: .days(7), onlyWhenTurnedOn: true),
            in: ["user_interactions", "post_metadata", "authors"]),
        Event(.privateAct, "anything you do on a private or direct status", seenBy: .nobody),
        Event("an act that you take back", limited: "its row is removed at once, and how much you like the author worked out anew"),
        Event("a mute, block, domain block or filter of yours", "nothing: your instance is asked for each page"),
        Event(.suppression, "\"less of this\", for an author or a reason", holds: ["author's key or reason code"],
            limited: Form(.week, for: .days(90)), full: Form(.day, for: .days(365)), in: ["suppressions"]),
        Event(.authorPreference, "how much you like an author", holds: ["author's key", "count"], limited: Form(.hour, [.bucket], for: .days(14), limit: 50),
            full: Form(.day, [.score], for: nil, limit: 500), unbounded: "until it has faded (half gone every 30 days)", in: ["author_preferences", "authors"]),
        Event(.recommendation, "a recommendation that we showed you", holds: ["status", "reason code"], limited: Form(.day, [.wrapper], for: .days(7)),
            full: Form(.second, [.wrapper, .modelVersion, .position, .argument], for: .days(30)), in: ["recommendation_logs", "post_metadata", "authors"]),
        Event(.setting, "a setting of yours", holds: ["name", "value"], limited: Form(nil, for: nil), full: Form(nil, for: nil),
            unbounded: "until you remove it or leave", in: ["preferences"]),
        Event(.evidence, "how a recommendation came to be, drawn by lot (nothing writes this yet)", holds: ["statuses and their places", "settings in force"],
            full: Form(.second, for: .days(30)), in: ["rec_decisions", "exposure_events", "interaction_events"]),
        Event("an experiment or a bandit", limited: "nothing: nobody takes part in this version"),
        Event("a stored prediction, vector or segment of a person", limited: "nothing: there is none in this version"),
        Event("an operator's note, rule or verdict", "about statuses and authors only, never about a person"),
        Event("a lower level", "every row of yours removed; where the default is not NONE, alias and NONE without a time; a mark of the alias for whoever puts a backup back, 37 days",
            limited: "what was kept at FULL is cut to this column in the same transaction; such a mark, 37 days", full: "there is no higher one",
            in: ["user_aliases", "erasure_ledger"], seenBy: .theOperator),
        Event("a higher level", "there is no lower one", limited: "begins now; nothing of the past is made", in: ["user_aliases"], seenBy: .personAndOperator),
        Event("a report or an export", "nothing"),
        Event("an erasure", "a mark of the alias for whoever puts a backup back, 37 days; where the default is not NONE, alias and NONE without a time",
            limited: "the same, and every row of yours is removed", in: ["user_aliases", "erasure_ledger"], seenBy: .theOperator),
        Event("a new master key", limited: "your row moves to the new alias at your next visit, with a mark of the old one; 90 days for coming",
            in: ["user_aliases", "key_ids"], seenBy: .theOperator),
        Event("your token, account, name, address and client", "nothing: in memory for minutes, the token as a code of this process alone"),
        Event("a limit that you reach, a request that fails", "nothing"),
        Event("the operational log", "no line about a request; what failed, without values", seenBy: .theOperator),
        Event("metrics", "nothing: there are none in this version"),
        Event("what the jobs did", "counts only; 400 days", in: ["job_runs"], seenBy: .theOperator),
        Event("counts of what at least 5 people did", limited: "nothing that names you: a number of people, rounded down to a multiple of 5, with noise where the operator asks for it; 90 days",
            in: ["item_popularity_daily", "shared_releases"], seenBy: .theOperator),
        Event("a backup", limited: "what stands in the database at that moment, sealed; 30 days", seenBy: .theOperator),
    ], tables: personal + others)

    /// What is kept that is not about a person we serve.
    public enum Shared {
        /// Rows of statuses after their `created_at`; then a stub or gone.
        public static let posts = Instant.Span.days(30)
        /// The longest that a status's text may be kept, and the default.
        public static let contentDays = 7
        public static let aggregates = Instant.Span.days(90)
        /// 30 days of backups and a week to spare.
        public static let ledgerTags = Instant.Span.days(37)
        public static let jobRuns = Instant.Span.days(400)
        /// From the moment that another key took a key's place: who does not come until then is forgotten.
        public static let acceptedKeys = Instant.Span.days(90)
        /// The fewest people behind a shared count, and the step that it is rounded down to.
        public static let fewestPeople = 5
    }

    private static let tenant = Column("tenant_id", "the tenant", .surrogate)
    private static let who = Column("alias_key", "who", .surrogate)
    private static let namespace = Column("namespace", "`default`", .surrogate)
    private static let request = Column("request_id", "a random word for the request")
    private static let surface = Column("surface", "where it was asked for: home, a list")
    private static let moment = Column("occurred_at", "when", .time)

    private static let personal = [
        Table("user_interactions", .act, "What you did", for: "to learn which authors you like", ends: "when you undo the act", [
            tenant, who, Column("post_key", "the status", .surrogate, reportedAs: ["post_id", "author_id"]),
            Column("kind", "0 to 4, see above", reportedAs: ["interaction_type"]), Column("occurred_at", "when it was done", .time),
            Column("score_weight", "how much it counts, where the caller said so", .part(.weight, none: .null)),
            Column("context", "JSON with `source`, `position`, `reason`", .part(.context, none: .null)),
        ]),
        Table("author_preferences", .authorPreference, "Authors you like", for: "to rank what may be recommended to you", ends: "when it has faded", [
            tenant, who, Column("author_key", "the author", .surrogate, reportedAs: ["author_id"]), Column("interaction_count", "acts that count"),
            Column("last_interaction_at", "when the last of them was", .time),
            Column("preference_score", "0 to 1, as it was at `last_interaction_at`; a step is a quarter", .measure),
            Column("carried_weight", "activity from rows that have expired since", .part(.score, none: .zero)),
            Column("carried_count", "how many those were", .part(.score, none: .zero)),
        ]),
        Table("recommendation_logs", .recommendation, "What was recommended to you", for: "to tell you why, and not to show a status twice", ends: "by its age", [
            Column("log_key", "the surrogate", .surrogate), tenant, who, Column("post_key", "the status", .surrogate, reportedAs: ["post_id"]),
            Column("recommended_at", "when it was shown", .time),
            Column("reason", "a code, and its hashtag behind a colon; texts name authors and are made at display", .code(argument: .argument)),
            Column("model_version", "the policy that ranked it", .part(.modelVersion, none: .null)),
            Column("shown_as", "the id of the shown entry", .part(.wrapper, none: .null)),
            Column("above_id", "the id of the entry above it", .part(.wrapper, none: .null)),
            Column("below_id", "the id of the entry below it", .part(.wrapper, none: .null)),
            Column("position", "its place on the page", .part(.position, none: .null)),
        ]),
        Table("preferences", .setting, "Your settings", for: "to do as you said", ends: "when you remove the setting or leave", [
            tenant, who, Column("name", "the setting"), Column("value", "its value"),
        ]),
        Table("suppressions", .suppression, "Less of this", for: "to hold back what you do not want", ends: "by its age", [
            tenant, who, Column("subject_kind", "`author` or `reason`"), Column("subject", "the author's id, or the reason's code"),
            Column("set_at", "when it was said", .time), Column("until", "its own end, where it has one", .end),
        ]),
        Table("rec_decisions", .evidence, "How recommendations came to be", for: "to compare rankings", ends: "by its age", [
            Column("decision_key", "the surrogate", .surrogate), tenant, namespace, moment, who, surface, request, Column("k", "how many were wanted"),
            Column("effective_config", "the settings in force, JSON"), Column("bandit", "the arm that was drawn, JSON"),
            Column("candidates_pre", "candidates by source before the rules, JSON with post keys"),
            Column("final_items", "what was shown, JSON with post keys"), Column("metrics", "coverage and the time of each step, JSON"),
        ]),
        Table("exposure_events", .evidence, "Pages that you were shown", for: "to compare rankings", ends: "by its age", [
            Column("exposure_key", "the surrogate", .surrogate), tenant, namespace, moment, who, request, surface,
            Column("segment", "the segment of the reader"), Column("experiment", "the experiment"), Column("variant", "its variant"),
            Column("policy", "the policy that ranked"), Column("config_etag", "the version of the configuration"),
            Column("rules_etag", "the version of the rules"), Column("items", "JSON: post keys with rank and propensity"),
        ]),
        Table("interaction_events", .evidence, "What you did with them", for: "to compare rankings", ends: "by its age", [
            Column("event_key", "the surrogate", .surrogate), tenant, namespace, moment, who, request,
            Column("post_key", "the status", .surrogate, reportedAs: ["post_id"]),
            Column("kind", "0 to 4, as in `user_interactions`", reportedAs: ["interaction_type"]), Column("position", "its place on the page"),
        ]),
        Table("user_aliases", .visit, "Your alias", for: "to know your choice of level at your next request", ends: "when you choose NONE or erase", [
            Column("alias_key", "the surrogate", .surrogate), tenant, Column("alias_id", "the alias: 64 hex digits of HMAC-SHA256"),
            Column("key_id", "which master key made it"), Column("privacy_level", "NONE, LIMITED or FULL"),
            Column("epoch", "grows with every level change; a write begun under an older one is refused"),
            Column("created_at", "when the row was made", .firstDay), Column("last_seen", "the last visit", .time),
            Column("former_tags", "the erasure ledger's tags of the aliases that older keys made, so that an erasure reaches a backup from before"),
        ]),
        Table("alias_keys", .visit, "Your alias's number", for: "to number the aliases", ends: "with your alias", onServerOnly: true, [
            Column("alias_key", "the surrogate", .surrogate), tenant,
        ]),
    ]

    private static let others = [
        Table("authors", .aboutAuthors, for: "to tell authors apart without their names", ends: "with the last post or preference that refers to it"),
        Table("post_metadata", .aboutAuthors, for: "to know what may be recommended", ends: "30 days after it was written; a stub with the last row that refers to it"),
        Table("author_opt_outs", .aboutAuthors, for: "to leave those alone who want it", ends: "never"),
        Table("item_popularity_daily", .shared, for: "to know what many like", ends: "after 90 days"),
        Table("shared_releases", .shared, for: "to publish a day with noise once, and to account for it", ends: "after 90 days"),
        Table("post_removals", .shared, for: "to tell caches what is gone", ends: "after a day"),
        Table("tenants", .configuration, for: "to keep instances apart", ends: "with the installation"),
        Table("key_ids", .configuration, for: "to tell a wrong key from the right one", ends: "with the installation"),
        Table("ingest_cursors", .configuration, for: "to read each source once", ends: "with the installation"),
        Table("job_runs", .configuration, for: "to know what the jobs did", ends: "after 400 days"),
        Table("leases", .configuration, for: "to let one process act", ends: "with the installation"),
        Table("file_rewrites", .configuration, for: "to take the bytes of removed rows out of the files", ends: "when that is done"),
        Table("erasure_ledger", .configuration, for: "to tell a restored backup who was erased", ends: "after 37 days"),
        Table("schema_migrations", .configuration, for: "to know the schema's version", ends: "with the installation"),
    ]
}
