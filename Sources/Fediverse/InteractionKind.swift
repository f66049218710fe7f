/// What a person did with a status. The raw value is the word in the documented records.
public enum InteractionKind: String, Sendable, CaseIterable, Codable {
    case favourite = "FAVORITE"
    case reblog = "BOOST"
    case reply = "REPLY"
    case bookmark = "BOOKMARK"
    case view = "VIEW"
}
