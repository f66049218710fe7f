/// A setting that a person may have, with what it may say.
public struct KnownSetting: Sendable {
    public let name: String
    /// For the person: what it is for and which values there are.
    public let sentence: String
    public let allows: @Sendable (String) -> Bool

    public init(_ name: String, _ sentence: String, allows: @escaping @Sendable (String) -> Bool) {
        self.name = name
        self.sentence = sentence
        self.allows = allows
    }

    public init(_ name: String, _ sentence: String, _ words: [String]) {
        self.init(name, sentence + ": " + words.joined(separator: ", ")) { words.contains($0) }
    }
}
