import Fediverse

/// How a person's home is served, and how a recommendation is marked there: their own settings beat every default.
struct HomeMode: Sendable, Equatable {
    enum Kind: String, Sendable {
        case off
        case blend
    }

    let kind: Kind
    let label: RecommendationLabel
    let language: ReasonLanguage

    /// - Parameters:
    ///   - settings: the person's own: `mode`, `label`, `language`.
    ///   - agent: the client's User-Agent, read for this request and never kept.
    init(settings: [String: String], agent: String?, acceptLanguage: String?) {
        kind = settings["mode"].flatMap(Kind.init(rawValue:)) ?? .blend
        label = settings["label"].flatMap(RecommendationLabel.init(rawValue:)) ?? Self.label(for: agent)
        language = settings["language"].flatMap { ReasonLanguage(tag: $0) } ?? ReasonLanguage(acceptLanguage: acceptLanguage ?? "")
    }

    var edits: Bool { kind != .off && label != .off }

    /// Apps and browsers show people who boosts; programs page for archives and backups, so they get the page as it is
    /// unless their owner has asked.
    private static func label(for agent: String?) -> RecommendationLabel {
        guard let agent, !agent.isEmpty else { return .off }
        var text = agent.lowercased()
        // A maker of phones whose name ends as programs' names do.
        if text.withUTF8({ $0.holds(cubot) }) { text = text.replacing("cubot", with: "") }
        return text.withUTF8 { text in
            if programs.contains(where: { text.holds($0) }) { return .off }
            return apps.contains { text.holds($0) } ? .reblog : .off
        }
    }

    private static let cubot = Array("cubot".utf8)

    private static let apps = [
        "mozilla/", "tusky/", "pachli/", "mastodonandroid/", "mastodon-ios/", "moshidonandroid/", "toot/", "tuba/", "libsoup/", "icecubes",
        "ice cubes", "ivory", "mona", "elk", "fedilab", "megalodon", "tokodon", "mastify", "dalvik", "okhttp", "cfnetwork",
    ].map { Array($0.utf8) }

    private static let programs = [
        "bot", "python", "mastodonpy", "mastodon.py", "madonctl", "go-http-client", "curl/", "wget", "ruby", "perl",
    ].map { Array($0.utf8) }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether `part` stands anywhere in these bytes.
    fileprivate func holds(_ part: [UInt8]) -> Bool {
        guard let first = part.first, count >= part.count else { return part.isEmpty }
        for start in 0...count - part.count where self[start] == first {
            var length = 1
            while length < part.count, self[start + length] == part[length] { length += 1 }
            if length == part.count { return true }
        }
        return false
    }
}
