import Fediverse

/// One status of the world, without its text, which is made from `seed` when it is shown. 20,000 take about 2 MB.
struct Post: Sendable {
    /// A snowflake: milliseconds since 1970 in the upper 48 bits, a sequence below.
    let id: Int64
    /// A position in the world's people.
    let author: Int32
    var topic: UInt8 = 0
    var language: Language = .en
    var visibility: Visibility = .public
    var isSensitive = false
    var hasWarning = false
    var media: UInt8 = 0
    var seed: UInt64 = 0
    /// 0: none.
    var reblogOf: Int64 = 0
    var replyTo: Int64 = 0
    var quoteOf: Int64 = 0
    /// How many of the world will have favourited it in the end; they come over the hours.
    var appeal: Int16 = 0
    /// Those who acted through the API.
    var favourites: Int32 = 0
    var reblogs: Int32 = 0
    var replies: Int32 = 0
    var quotes: Int32 = 0
    /// Whether text and the rest stand in the world's `written`.
    var isWritten = false
    var isDeleted = false

    /// Milliseconds since 1970.
    var createdAt: Int64 { id >> 16 }
}

/// What somebody wrote through the API.
struct Written: Sendable {
    struct Version: Sendable {
        var text: String
        var spoiler: String
        var isSensitive: Bool
        var media: [Int64]
        /// Milliseconds since 1970.
        var at: Int64
    }

    /// The first as posted, the last as shown.
    var versions: [Version]
    var language: String?
    var mentions: [Int32]
    var application: String?

    var latest: Version { versions[versions.count - 1] }
}
