import OpenSSL

/// What a person agrees to with a level: the text that is shown before it is chosen, made of the table that decides what is kept.
public struct Agreement: Sendable, Equatable {
    public let level: PrivacyLevel
    public let text: String

    public init(to level: PrivacyLevel, keeping: KeepingPolicy = .standard) {
        self.level = level
        guard level > .none else {
            text = "At NONE nothing about you is kept."
            return
        }
        let kept = KeepingPolicy.Record.allCases.compactMap { record in
            keeping.form(of: record, at: level).map { _ in "\(record.title): \(keeping.words(for: record, at: level))" }
        }
        text = """
            At \(level.rawValue) Sheltie keeps, under an alias instead of your name: \(kept.joined(separator: ". ")). \
            What you like may tell what you believe, how you love and how healthy you are; whoever has both the database and the key can find \
            your rows. You may see, export and remove all of it, and go back to NONE, at any time.
            """
    }

    /// 16 hex digits of the text's SHA-256: who sends them back has been shown this text and no older one.
    public var id: String { String(SHA256.digest(of: text.utf8).hex.prefix(16)) }
}
