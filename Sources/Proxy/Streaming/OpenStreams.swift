import Fediverse
import Synchronization

/// The streams that are open: how many, whose token each stands on, and how to end it.
final class OpenStreams: Sendable {
    private struct Entry {
        var token: TokenDigest?
        /// Held as long as the stream, to ask the instance whether it still holds.
        var authorization: String?
        var cut: (@Sendable () -> Void)?
        /// Asked for before the stream had begun.
        var isCut = false
        var watch: StreamWatch
        /// When the instance is asked about the token again.
        var due: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// How many each token has; nil: those without one.
        var held: [TokenDigest?: Int] = [:]
        var last = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let limit: Int
    /// The most of one token: clients open one for each list that they show.
    static let perToken = 32
    /// Between two questions about a token.
    private let interval: Duration

    init(limit: Int, interval: Duration) {
        self.limit = limit
        self.interval = interval
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// Nobody takes all places: a token has `perToken`, and those without a token have an eighth of all.
    /// - Returns: nil when as many are open as may be, or the service stops.
    func enter(token: TokenDigest?, authorization: String?) -> Place? {
        state.withLock { state in
            let most = token == nil ? max(1, limit / 8) : Self.perToken
            guard !state.isStopped, state.entries.count < limit, state.held[token, default: 0] < most else { return nil }
            state.held[token, default: 0] += 1
            state.last += 1
            let watch = StreamWatch()
            state.entries[state.last] = Entry(token: token, authorization: authorization, watch: watch, due: .now + interval)
            return Place(number: state.last, watch: watch, streams: self)
        }
    }

    /// A stream's place: it is free again when this goes.
    final class Place: Sendable {
        private let number: Int
        let watch: StreamWatch
        private let streams: OpenStreams

        fileprivate init(number: Int, watch: StreamWatch, streams: OpenStreams) {
            self.number = number
            self.watch = watch
            self.streams = streams
        }

        deinit { streams.leave(number) }

        /// Says how the stream is ended from outside; where that was asked for already, it happens now.
        func begin(cut: @escaping @Sendable () -> Void) { streams.begin(number, cut) }
    }

    private func begin(_ number: Int, _ cut: @escaping @Sendable () -> Void) {
        let isCut = state.withLock { state in
            state.entries[number]?.cut = cut
            return state.isStopped || state.entries[number]?.isCut ?? true
        }
        if isCut { cut() }
    }

    private func leave(_ number: Int) {
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: number) else { return }
            let left = state.held[entry.token, default: 1] - 1
            state.held[entry.token] = left == 0 ? nil : left
        }
    }

    /// Ends all, and lets no more in.
    func stop() {
        let cuts = state.withLock { state in
            state.isStopped = true
            return state.entries.values.compactMap(\.cut)
        }
        for cut in cuts { cut() }
    }

    /// Ends those of one token, those too that are about to begin.
    func cut(_ token: TokenDigest) {
        let cuts = state.withLock { state in
            var cuts: [@Sendable () -> Void] = []
            for (number, entry) in state.entries where entry.token == token {
                state.entries[number]?.isCut = true
                if let cut = entry.cut { cuts.append(cut) }
            }
            return cuts
        }
        for cut in cuts { cut() }
    }

    /// The token's person may have chosen another level: nothing is looked at until it is known, and it is asked for at once.
    func askAgain(_ token: TokenDigest) {
        state.withLock { state in
            for (number, entry) in state.entries where entry.token == token {
                entry.watch.isLooking = false
                state.entries[number]?.due = .now
            }
        }
    }

    /// A token with streams whose turn it is.
    struct Due: Sendable {
        let token: TokenDigest
        let authorization: String
        let watches: [StreamWatch]
    }

    /// Whose turn it is: each token once, for all of its streams.
    func takeDue(at now: ContinuousClock.Instant) -> [Due] {
        state.withLock { state in
            var found: [TokenDigest: (authorization: String, watches: [StreamWatch])] = [:]
            let tokens = Set(state.entries.values.lazy.filter { $0.due <= now }.compactMap(\.token))
            if tokens.isEmpty { return [] }
            for (number, entry) in state.entries {
                guard let token = entry.token, tokens.contains(token), let authorization = entry.authorization else { continue }
                found[token, default: (authorization, [])].watches.append(entry.watch)
                state.entries[number]?.due = now + interval
            }
            return found.map { Due(token: $0.key, authorization: $0.value.authorization, watches: $0.value.watches) }
        }
    }
}

/// Whether what passes on a stream may be looked at: only for people at LIMITED or FULL.
final class StreamWatch: Sendable {
    private let looks = Atomic(false)

    var isLooking: Bool {
        get { looks.load(ordering: .relaxed) }
        set { looks.store(newValue, ordering: .relaxed) }
    }
}
