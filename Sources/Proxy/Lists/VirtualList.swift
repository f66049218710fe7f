import Fediverse
import Recommender

/// A list of ours that stands among a person's own lists in every client. Its id never reaches upstream.
enum VirtualList: String, Sendable, CaseIterable {
    case forYou = "for-you"
    case catchUp = "catch-up"
    case quietFriends = "quiet-friends"

    /// The same on every server, and for good: clients keep ids as tabs and on disk. Decimal, below 2^53, and out of reach of real ones.
    var id: String {
        switch self {
        case .forYou: "900000000000001"
        case .catchUp: "900000000000002"
        case .quietFriends: "900000000000003"
        }
    }

    /// - Parameter id: of a list, as a client sends it.
    init?(id: some StringProtocol) {
        guard let list = Self.allCases.first(where: { $0.id == id }) else { return nil }
        self = list
    }

    func title(in language: ReasonLanguage) -> String {
        switch (self, language) {
        case (.forYou, .english): "For you"
        case (.forYou, .german): "Für dich"
        case (.forYou, .french): "Pour vous"
        case (.forYou, .spanish): "Para ti"
        case (.forYou, .japanese): "あなたへ"
        case (.catchUp, .english): "Catch up"
        case (.catchUp, .german): "Nachlesen"
        case (.catchUp, .french): "À rattraper"
        case (.catchUp, .spanish): "Ponerse al día"
        case (.catchUp, .japanese): "読み逃し"
        case (.quietFriends, .english): "Quiet friends"
        case (.quietFriends, .german): "Stille Freunde"
        case (.quietFriends, .french): "Amis discrets"
        case (.quietFriends, .spanish): "Amigos callados"
        case (.quietFriends, .japanese): "静かな友だち"
        }
    }

    /// A `List` entity with every member that Mastodon sends: some clients drop a list for a missing one.
    func json(in language: ReasonLanguage) -> [UInt8] {
        var json = JSONWriter(capacity: 128)
        json.object {
            $0.member("id", id)
            $0.member("title", title(in: language))
            $0.member("replies_policy", "list")
            $0.member("exclusive", false)
        }
        return json.bytes
    }

    /// Those that the person has taken away from among their lists.
    static func hidden(in settings: [String: String]) -> Set<VirtualList> {
        Set((settings[setting] ?? "").split(separator: ",").compactMap { VirtualList(rawValue: String($0)) })
    }

    /// The value of the setting that takes these away; nil for none.
    static func setting(hiding lists: Set<VirtualList>) -> String? {
        lists.isEmpty ? nil : allCases.filter(lists.contains).map(\.rawValue).joined(separator: ",")
    }

    /// The person's setting that names them.
    static let setting = "hidden-lists"
}
