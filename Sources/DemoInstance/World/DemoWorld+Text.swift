/// What posts say.
extension DemoWorld {
    /// The text as typed, with hashtags and mentions.
    func text(of post: Post) -> String {
        if let written = written[post.id] { return written.latest.text }
        if post.reblogOf != 0 { return "" }
        let topic = Topic.all[Int(post.topic)]
        if post.replyTo != 0 {
            let words = Sentences.reply(post.language, seed: post.seed)
            guard let index = position(of: post.replyTo) else { return words }
            return "@\(people[Int(posts[index].author)].acct) \(words)"
        }
        return "\(Sentences.text(topic, post.language, seed: post.seed)) " + tags(of: post).map { "#\($0)" }.joined(separator: " ")
    }

    /// Hashtags in lower case, in the order of the text.
    func tags(of post: Post) -> [String] {
        if let written = written[post.id] { return TextParts(written.latest.text).tags }
        if post.reblogOf != 0 || post.replyTo != 0 { return [] }
        var tags = [Topic.all[Int(post.topic)].tag]
        let second = people[Int(post.author)].topics.first { $0 != Int(post.topic) }
        if let second, post.seed % 3 == 0 { tags.append(Topic.all[second].tag) }
        return tags
    }

    func mentions(of post: Post) -> [Int32] {
        if let written = written[post.id] { return written.mentions }
        guard post.reblogOf == 0, post.replyTo != 0, let index = position(of: post.replyTo) else { return [] }
        return posts[index].author == post.author ? [] : [posts[index].author]
    }

    func spoiler(of post: Post) -> String {
        if let written = written[post.id] { return written.latest.spoiler }
        return post.hasWarning ? Sentences.warning(Topic.all[Int(post.topic)], post.language) : ""
    }

    /// A person of this instance or, with `@domain`, of another.
    func find(acct: some StringProtocol) -> Int32? {
        var name = acct.lowercased()
        if name.hasPrefix("@") { name.removeFirst() }
        if name.hasSuffix("@" + domain) { name.removeLast(domain.count + 1) }
        return usernames[name]
    }
}

/// Hashtags and mentions in a text as somebody types it.
struct TextParts {
    enum Part { case text(Substring), tag(Substring), mention(Substring) }

    private(set) var parts: [Part] = []

    init(_ text: String) {
        var rest = text[...]
        var plain = text.startIndex
        var before: Character = " "
        while let sign = rest.first {
            let name = rest.dropFirst().prefix { Self.belongs($0, to: sign) }
            if sign == "#" || sign == "@", !name.isEmpty, !before.isLetter, !before.isNumber {
                if plain < rest.startIndex { parts.append(.text(text[plain..<rest.startIndex])) }
                let trimmed = sign == "@" ? Self.withoutEnd(name) : name
                parts.append(sign == "#" ? .tag(trimmed) : .mention(trimmed))
                rest = text[trimmed.endIndex...]
                plain = rest.startIndex
                before = "a"
            } else {
                before = sign
                rest = rest.dropFirst()
            }
        }
        if plain < text.endIndex { parts.append(.text(text[plain...])) }
    }

    var tags: [String] {
        var seen: [String] = []
        for case .tag(let name) in parts where !seen.contains(name.lowercased()) { seen.append(name.lowercased()) }
        return seen
    }

    var mentions: [String] {
        parts.compactMap { part in
            if case .mention(let name) = part { String(name) } else { nil }
        }
    }

    private static func belongs(_ character: Character, to sign: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || (sign == "@" && (character == "@" || character == "." || character == "-"))
    }

    private static func withoutEnd(_ name: Substring) -> Substring {
        var name = name
        while let last = name.last, !last.isLetter, !last.isNumber, last != "_" { name.removeLast() }
        return name
    }
}
