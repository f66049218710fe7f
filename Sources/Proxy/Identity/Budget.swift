import Fediverse
import Synchronization

/// How many requests of ours a person's token may carry: at most 20 in 5 minutes, and none while the instance says that
/// fewer than 60 of its own allowance are left. A person's client must never meet a limit because of us.
final class Budget: Sendable {
    static let window = Instant.Span.minutes(5)

    private struct Account {
        var opened: Instant
        var spent = 0
        var scarceUntil: Instant?
    }

    private let limit: Int
    private let accounts = Mutex<[TokenDigest: Account]>([:])
    /// Older windows are swept when this many tokens are known, so memory stays bounded.
    private let capacity = 20_000

    init(requestsPerWindow limit: Int) { self.limit = limit }

    /// Takes `count` requests from the token's budget; false when they are not there, and then none are taken.
    func spend(_ count: Int, for token: TokenDigest, at now: Instant) -> Bool {
        accounts.withLock { accounts in
            if accounts.count >= capacity { accounts = accounts.filter { now - $0.value.opened < Self.window } }
            if accounts.count >= capacity, accounts[token] == nil { return false }
            var account = accounts[token] ?? Account(opened: now)
            if now - account.opened >= Self.window { account = Account(opened: now, scarceUntil: account.scarceUntil) }
            if let until = account.scarceUntil, now < until { return false }
            guard account.spent + count <= limit else {
                accounts[token] = account
                return false
            }
            account.spent += count
            accounts[token] = account
            return true
        }
    }

    /// The first of `ids` that the token's budget reaches for, which takes their cost from it.
    /// - Parameter cost: requests for so many ids.
    func affordable(_ ids: [String], for token: TokenDigest, at now: Instant, cost: (Int) -> Int) -> [String] {
        var ids = ids
        while !ids.isEmpty, !spend(cost(ids.count), for: token, at: now) { ids.removeLast() }
        return ids
    }

    /// Notes a request that is made whatever is left: without it the person cannot be served at all.
    func charge(_ token: TokenDigest, at now: Instant) {
        accounts.withLock { accounts in
            guard accounts.count < capacity || accounts[token] != nil else { return }
            var account = accounts[token] ?? Account(opened: now)
            if now - account.opened >= Self.window { account = Account(opened: now, scarceUntil: account.scarceUntil) }
            account.spent += 1
            accounts[token] = account
        }
    }

    /// Notes what an answer's X-RateLimit-Remaining said.
    func observe(remaining: Int, for token: TokenDigest, at now: Instant) {
        accounts.withLock { accounts in
            guard remaining < 60 || accounts[token]?.scarceUntil != nil else { return }
            guard accounts.count < capacity || accounts[token] != nil else { return }
            accounts[token, default: Account(opened: now)].scarceUntil = remaining < 60 ? now + Self.window : nil
        }
    }
}
