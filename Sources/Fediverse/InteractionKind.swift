/// What a person did with a status. The raw value is the word in the documented records.
public enum InteractionKind: String, Sendable, CaseIterable, Codable {
    case favourite = "FAVORITE"
    case reblog = "BOOST"
    case reply = "REPLY"
    case bookmark = "BOOKMARK"
    case view = "VIEW"
}

extension InteractionKind {
    /// Takes the documented words in any case: favorite, boost, reblog, reply, bookmark, view, and favourite.
    public init?(documented word: String) {
        switch word.lowercased() {
        case "favorite", "favourite": self = .favourite
        case "boost", "reblog": self = .reblog
        case "reply": self = .reply
        case "bookmark": self = .bookmark
        case "view": self = .view
        default: return nil
        }
    }
}
