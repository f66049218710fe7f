import Fediverse

/// Filters as Mastodon applies them: never to one's own posts, to text and warning, with the result attached.
extension DemoState {
    func filterResults(_ post: Post, for viewer: Int32) -> [JSON] {
        guard let filters = accounts[viewer]?.filters, !filters.isEmpty, post.author != viewer else { return [] }
        let now = world.now.microseconds / 1_000
        let text = (world.text(of: post) + "\n" + world.spoiler(of: post)).lowercased()
        return filters.compactMap { filter in
            if let end = filter.expiresAt, end <= now { return nil }
            let words = filter.keywords.filter { contains(text, $0.text.lowercased(), wholeWord: $0.wholeWord) }.map(\.text)
            let statuses = filter.statuses.filter { $0.post == post.id }
            guard !words.isEmpty || !statuses.isEmpty else { return nil }
            return [
                "filter": filterJSON(filter),
                "keyword_matches": words.isEmpty ? nil : .array(words.map { .string($0) }),
                "status_matches": statuses.isEmpty ? nil : .array(statuses.map { JSON(id: $0.post) }),
            ]
        }
    }

    func filterJSON(_ filter: AccountState.Filter) -> JSON {
        [
            "id": JSON(id: filter.id), "title": .string(filter.title), "context": .array(filter.contexts.map { .string($0) }),
            "expires_at": filter.expiresAt.map { .string(Timestamp.text($0)) } ?? nil, "filter_action": .string(filter.action),
        ]
    }

    private func contains(_ text: String, _ word: String, wholeWord: Bool) -> Bool {
        guard !word.isEmpty else { return false }
        return text.ranges(of: word).contains { range in
            guard wholeWord else { return true }
            let before = range.lowerBound == text.startIndex ? nil : text[text.index(before: range.lowerBound)]
            let after = range.upperBound == text.endIndex ? nil : text[range.upperBound]
            return [before, after].allSatisfy { character in character.map { !$0.isLetter && !$0.isNumber } ?? true }
        }
    }
}
