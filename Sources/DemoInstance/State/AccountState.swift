/// What one person has done or chosen through the API. Marks keep the order in which they were made; `id` is the page cursor.
struct AccountState: Sendable {
    struct Mark: Sendable {
        var id: Int64
        var post: Int64
    }

    struct Mute: Sendable {
        var account: Int32
        var notifications: Bool
    }

    struct Filter: Sendable {
        struct Keyword: Sendable {
            var id: Int64
            var text: String
            var wholeWord: Bool
        }

        var id: Int64
        var title: String
        var contexts: [String]
        /// Milliseconds since 1970.
        var expiresAt: Int64?
        var action: String
        var keywords: [Keyword]
        var statuses: [Mark]
    }

    struct List: Sendable {
        var id: Int64
        var title: String
        var repliesPolicy: String
        var exclusive: Bool
        var members: [Int32]
    }

    struct Marker: Sendable {
        var lastRead: String
        var version: Int
        var updatedAt: Int64
    }

    var favourites: [Mark] = []
    var bookmarks: [Mark] = []
    var pins: [Int64] = []
    var mutedThreads: Set<Int64> = []
    var mutes: [Mute] = []
    var blocks: [Int32] = []
    var domainBlocks: [String] = []
    var requested: Set<Int32> = []
    var withoutReblogs: Set<Int32> = []
    var notifying: Set<Int32> = []
    var accountNotes: [Int32: String] = [:]
    var followedTags: [String] = []
    var filters: [Filter] = []
    var lists: [List] = []
    var markers: [String: Marker] = [:]
    var dismissed: Set<Int64> = []
    /// Notifications up to this id are cleared.
    var clearedUpTo: Int64 = 0

    func hasFavourited(_ post: Int64) -> Bool { favourites.contains { $0.post == post } }
    func hasBookmarked(_ post: Int64) -> Bool { bookmarks.contains { $0.post == post } }
    func isMuting(_ account: Int32) -> Bool { mutes.contains { $0.account == account } }
}
