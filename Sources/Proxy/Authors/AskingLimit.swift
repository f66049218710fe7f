import Fediverse
import Synchronization

/// How often authors may be asked about: each question is one or two requests of ours at the instance. In memory only.
final class AskingLimit: Sendable {
    /// Questions about one author, and about all of them, in `window`.
    static let perAuthor = 10
    static let inAll = 120
    static let window = Instant.Span.minutes(10)

    private struct Counts {
        var since: Instant
        var all = 0
        var authors: [Int: Int] = [:]
    }

    private let counts = Mutex<Counts?>(nil)

    /// - Returns: nil when it may be asked, else how long to wait.
    func take(_ name: String, at now: Instant) -> Instant.Span? {
        counts.withLock { counts in
            var current = counts.flatMap { now - $0.since < Self.window && now >= $0.since ? $0 : nil } ?? Counts(since: now)
            defer { counts = current }
            // Another number in each process: nobody's name is kept here.
            let author = name.lowercased().hashValue
            guard current.all < Self.inAll, current.authors[author, default: 0] < Self.perAuthor else { return current.since + Self.window - now }
            current.all += 1
            current.authors[author, default: 0] += 1
            return nil
        }
    }
}

/// Codes that have been accepted, so that none counts twice while it could. Keyed codes themselves; in memory only.
final class UsedCodes: Sendable {
    private static let most = 10_000

    private let used = Mutex<[String: Instant]>([:])

    /// - Returns: false when it was used before.
    func use(_ code: String, until end: Instant, at now: Instant) -> Bool {
        used.withLock { used in
            if used.count >= Self.most { used = used.filter { now < $0.value } }
            guard used[code] == nil, used.count < Self.most else { return false }
            used[code] = end
            return true
        }
    }

    /// What the code was for has not come about.
    func giveBack(_ code: String) { used.withLock { $0[code] = nil } }
}
