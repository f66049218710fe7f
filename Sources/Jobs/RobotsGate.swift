import Fediverse
import Synchronization
import Upstream

/// An instance's robots.txt, asked once a day: for our own name and for everybody.
final class RobotsGate: Sendable {
    private struct Known {
        var rules: RobotsRules?
        var until: Instant
    }

    private let mastodon: Mastodon
    private let agent: String
    private let known = Mutex<Known?>(nil)

    init(mastodon: Mastodon, agent: String) {
        self.mastodon = mastodon
        self.agent = agent
    }

    enum Answer: Sendable, Equatable {
        case allowed
        case forbidden
        /// The instance gave no answer that tells: it is not read until it has been asked again.
        case unknown(until: Instant)
    }

    /// Whether the path may be read.
    func answer(for path: String, at now: Instant) async throws -> Answer {
        let rules = try await known(at: now)
        guard let said = rules.rules else { return .unknown(until: rules.until) }
        return said.allow(path, agent: agent) ? .allowed : .forbidden
    }

    private func known(at now: Instant) async throws -> Known {
        if let current = known.withLock({ $0 }), now < current.until { return current }
        let fetched: Known
        do {
            let text = try await mastodon.text("/robots.txt") ?? ""
            fetched = Known(rules: RobotsRules(parsing: text), until: now + .days(1))
        } catch UpstreamError.status(let status, _) where (400...499).contains(status) && status != 429 {
            fetched = Known(rules: RobotsRules(parsing: ""), until: now + .days(1))
        } catch let error as UpstreamError {
            if error.isOurStop { throw CancellationError() }
            fetched = Known(rules: nil, until: now + .minutes(30))
        }
        known.withLock { $0 = fetched }
        return fetched
    }
}

/// The rules of a robots.txt (RFC 9309) that concern path prefixes, `*` and `$`.
struct RobotsRules: Sendable, Equatable {
    private struct Rule: Sendable, Equatable {
        let allow: Bool
        let pattern: String
    }

    private struct Group: Sendable, Equatable {
        var agents: [String] = []
        var rules: [Rule] = []
    }

    private var groups: [Group] = []

    init(parsing text: String) {
        var open = Group()
        // A byte order mark would hide the first group.
        for line in text.drop(while: { $0 == "\u{FEFF}" }).prefix(500_000).split(whereSeparator: \.isNewline) {
            let content = line.prefix { $0 != "#" }
            guard let colon = content.firstIndex(of: ":") else { continue }
            let name = content[..<colon].trimmed.lowercased()
            let value = content[content.index(after: colon)...].trimmed
            switch name {
            case "user-agent":
                if !open.rules.isEmpty {
                    groups.append(open)
                    open = Group()
                }
                open.agents.append(value.lowercased())
            case "allow", "disallow":
                // An empty Disallow forbids nothing.
                if !value.isEmpty { open.rules.append(Rule(allow: name == "allow", pattern: String(value))) }
                else if open.rules.isEmpty { open.rules.append(Rule(allow: true, pattern: "/")) }
            default: break
            }
        }
        groups.append(open)
    }

    /// The longest rule that matches decides, for allowing when two are equally long; our own group beats everybody's.
    func allow(_ path: String, agent: String) -> Bool {
        let own = groups.filter { $0.agents.contains(agent.lowercased()) }
        let applying = own.isEmpty ? groups.filter { $0.agents.contains("*") } : own
        let matching = applying.flatMap(\.rules).filter { Self.matches($0.pattern, path) }
        let longest = matching.max { ($0.pattern.utf8.count, $0.allow ? 1 : 0) < ($1.pattern.utf8.count, $1.allow ? 1 : 0) }
        return longest?.allow ?? true
    }

    private static func matches(_ pattern: String, _ path: String) -> Bool {
        let anchored = pattern.hasSuffix("$")
        let parts = (anchored ? pattern.dropLast() : pattern[...]).split(separator: "*", omittingEmptySubsequences: false)
        var rest = path[...]
        for (place, part) in parts.enumerated() {
            if place == 0 {
                guard rest.hasPrefix(part) else { return false }
                rest = rest.dropFirst(part.count)
            } else if anchored, place == parts.count - 1 {
                guard rest.hasSuffix(part) else { return false }
                rest = rest.suffix(0)
            } else if !part.isEmpty {
                guard let found = rest.firstRange(of: part) else { return false }
                rest = rest[found.upperBound...]
            }
        }
        return !anchored || rest.isEmpty
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return text
    }
}
