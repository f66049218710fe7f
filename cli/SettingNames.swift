/// One setting: its name in every form, its sentence, and its default. `docs/settings.md` has a row for each, and a test compares.
struct SettingName: Sendable {
    /// As in the YAML file; the flag and the environment's name are made from it.
    let key: String
    let sentence: String
    let standard: String
    var repeatable = false
    var secret = false
    /// What a number may be; nil for a setting that is none.
    var range: ClosedRange<Int>?

    /// `ingest-interval` from `ingestInterval`.
    var flag: String {
        key.reduce(into: "") { flag, character in
            if character.isUppercase { flag += "-" }
            flag += character.lowercased()
        }
    }

    var environment: String { "SHELTIE_" + flag.uppercased().split(separator: "-").joined(separator: "_") }

    static let all: [SettingName] = [
        SettingName(key: "upstream", sentence: "The instance that the proxy stands before, as https://social.example; repeatable.", standard: "", repeatable: true),
        SettingName(key: "database", sentence: "A file, as PATH or sqlite:///PATH, or a PostgreSQL database, as postgres://… (CORGI_DB_URL is read too).", standard: "./sheltie.db"),
        SettingName(key: "databaseReplica", sentence: "A hot standby of the PostgreSQL database, as postgres://…; it is asked for the posts to recommend from, never about a person.", standard: ""),
        SettingName(key: "keyFile", sentence: "The master key, mode 0600; made by 'sheltie key create'. Keep it out of the data folder and of its backups.", standard: "./sheltie.key"),
        SettingName(key: "keyRecords", sentence: "The path beside which the erasure ledger (.ledger) and the backups' day keys (.days) lie, where that is not the key file: needed where the key is a credential.", standard: ""),
        SettingName(key: "listen", sentence: "HOST:PORT to listen on; port 0 takes a free one.", standard: "127.0.0.1:8080"),
        SettingName(key: "publicUrl", sentence: "How clients reach the proxy, as https://home.example; on loopback taken from each request's Host.", standard: ""),
        SettingName(key: "tlsInFront", sentence: "Says that a server in front ends TLS; without it only loopback is listened on.", standard: "false"),
        SettingName(key: "allowLoopbackUpstream", sentence: "Lets upstreams be http and on loopback, for tests and demos.", standard: "false"),
        SettingName(key: "defaultLevel", sentence: "The privacy level of people who have not chosen: NONE, LIMITED or FULL.", standard: "NONE"),
        SettingName(key: "consent", sentence: "What authors must have said: both (discoverable and indexable), or tag (and the opt-in hashtag).", standard: "both"),
        SettingName(key: "indexableUnknown", sentence: "Where a server does not send 'indexable': refuse, or allow-local for its own authors.", standard: "refuse"),
        SettingName(key: "allowGroups", sentence: "Lets posts of group accounts be recommended.", standard: "false"),
        SettingName(key: "denyInstance", sentence: "Instances whose authors are never recommended and of whom nothing is kept, as social.example; repeatable.", standard: "", repeatable: true),
        SettingName(key: "contentDays", sentence: "How many days the text of a post is kept, 0 to 7.", standard: "7", range: 0...7),
        SettingName(key: "contact", sentence: "How instances reach the operator: stands in the User-Agent of what we fetch.", standard: ""),
        SettingName(key: "ingestInterval", sentence: "Seconds between two readings of each source.", standard: "120", range: 1...86_400),
        SettingName(key: "robots", sentence: "Whether the instance's robots.txt is obeyed: obey, or own where the instance is yours too (on loopback it always is).", standard: "obey"),
        SettingName(key: "ingestSources", sentence: "What is read: public, local, trends, tag:NAME, with commas between.", standard: "public,local,trends"),
        SettingName(key: "sharedCounts", sentence: "What everybody is recommended from of what people here do: k (counts of at least 5 people), or dp (with noise besides, for more than 1,000 active people a day).", standard: "k"),
        SettingName(key: "leaseSeconds", sentence: "How long a process that has stopped answering keeps others from its jobs.", standard: "45", range: 1...45),
        SettingName(key: "candidates", sentence: "The most posts that are kept to recommend from.", standard: "200000", range: 1...10_000_000),
        SettingName(key: "policy", sentence: "How recommendations are ranked: blend-v1, corgi-v1 or chronological.", standard: "blend-v1"),
        SettingName(key: "recommendationsPerPage", sentence: "The most recommendations on a page of home, 0 to 4.", standard: "4", range: 0...4),
        SettingName(key: "decisionMilliseconds", sentence: "How long after the instance's answer our part may take before the page goes out as it came.", standard: "150", range: 1...10_000),
        SettingName(key: "requestBudget", sentence: "The most requests of ours on a person's token in 5 minutes.", standard: "20", range: 0...100_000),
        SettingName(key: "streamLimit", sentence: "The most streams of clients that are open at once; beyond it 503.", standard: "4000", range: 0...1_000_000),
        SettingName(key: "streamIdleSeconds", sentence: "How long a client's stream may be silent before it is ended.", standard: "300", range: 60...86_400),
        SettingName(key: "streamCheckSeconds", sentence: "How often the instance is asked whether the token of an open stream still holds.", standard: "60", range: 1...3_600),
        SettingName(key: "stream", sentence: "Whether the instance's public stream is listened to for deletions and edits: off or public.", standard: "off"),
        SettingName(key: "streamTokenFile", sentence: "A file, mode 0600, with an access token of the operator's own, where the instance wants one for its stream.", standard: ""),
        SettingName(key: "metricsListen", sentence: "HOST:PORT on which metrics are told, as 127.0.0.1:9100; port 0 takes a free one.", standard: ""),
        SettingName(key: "logLevel", sentence: "trace, debug, info, notice, warning, error or critical.", standard: "info"),
    ]
}
