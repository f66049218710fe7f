/// Who a status was addressed to. What no instance of ours knows counts as the most private.
public enum Visibility: String, Sendable, Codable {
    case `public`, unlisted, `private`, direct

    public init(word: String) { self = Visibility(rawValue: word) ?? .direct }
}
