public import Fediverse
public import Privacy
public import Recommender
public import Upstream

/// Reads the public timelines of one instance and keeps what may be recommended.
///
/// Nobody's token is used: where an instance wants one for its public timelines, we do not read there.
public struct IngestJob: Job {
    public struct Settings: Sendable {
        public var sources: [IngestSource]
        public var period: Duration = .seconds(120)
        /// Pages of one source in one run, the newest first. Where more is new, the older of it stays unread, and the run's
        /// counts tell of it: what is recommended is to be fresh.
        public var pages = 10
        /// Statuses that are written in one transaction, and up to a page more: all of a run of `pages`. Their ids lie anywhere in the
        /// indexes, so the more of them, the fewer pages of the file each one touches alone.
        public var batch = 400
        /// Days that a post's text is kept; 0 keeps none.
        public var contentDays = 7
        /// Whether the instance's robots.txt is asked. It speaks to strangers: where the operator of the instance runs this
        /// service too, it need not be (snac forbids everything to everybody, and has no setting for it).
        public var obeysRobots = true
        /// Whether a run in which no source could be reached fails, and leaves no cursor behind. A service goes on and asks
        /// again after a while; somebody who asked for this one run wants to know.
        public var mustReach = false
        /// Consent is judged for this instance's own authors as local.
        public var consent: ConsentPolicy

        public init(sources: [IngestSource], consent: ConsentPolicy) {
            self.sources = sources
            self.consent = consent
        }
    }

    public let name = "ingest"
    public var period: Duration { settings.period }

    private let mastodon: Mastodon
    private let statuses: any StatusRepository
    private let intake: StatusIntake
    private let tenant: TenantKey
    private let robots: RobotsGate
    private let settings: Settings

    public init(
        mastodon: Mastodon, statuses: any StatusRepository, pseudonymizer: Pseudonymizer, tenant: TenantKey, agent: String, settings: Settings
    ) {
        self.mastodon = mastodon
        self.statuses = statuses
        self.tenant = tenant
        self.settings = settings
        intake = StatusIntake(
            instance: mastodon.instance, pseudonymizer: pseudonymizer, consent: settings.consent, keepsContent: settings.contentDays > 0,
            blocksOf: mastodon)
        robots = RobotsGate(mastodon: mastodon, agent: agent)
    }

    public func run(at now: Instant) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        var unreached: [(IngestCursor, until: Instant)] = []
        for source in settings.sources {
            let cursor = try await statuses.cursor(of: source.name, in: tenant) ?? IngestCursor(source: source.name)
            if let wait = cursor.notBefore, now < wait {
                counts["waiting", default: 0] += 1
                continue
            }
            switch settings.obeysRobots ? try await robots.answer(for: source.path, at: now) : .allowed {
            case .allowed: break
            case .forbidden:
                try await rest(cursor, until: now + .days(1), because: "robots", at: now)
                counts["refused-by-robots", default: 0] += 1
                continue
            case .unknown(let until):
                unreached.append((cursor, until))
                continue
            }
            do {
                try await read(source, from: cursor, at: now, into: &counts)
            } catch let error as UpstreamError {
                if error.isOurStop { throw CancellationError() }
                let (wait, reason) = Self.rest(after: error)
                if reason == Self.unreachable {
                    unreached.append((cursor, now + wait))
                    continue
                }
                try await rest(cursor, until: now + wait, because: reason, at: now)
                counts[reason, default: 0] += 1
            }
        }
        if settings.mustReach, unreached.count == settings.sources.count, counts["read"] == nil { throw InstanceUnreachable() }
        for (cursor, until) in unreached { try await rest(cursor, until: until, because: Self.unreachable, at: now) }
        if !unreached.isEmpty { counts[Self.unreachable] = unreached.count }
        return counts
    }

    private func read(_ source: IngestSource, from start: IngestCursor, at now: Instant, into counts: inout [String: Int]) async throws {
        var cursor = start
        cursor.notBefore = nil
        cursor.refusal = nil
        var path: String? = source.firstPage
        var newest = start.newestID
        var waiting: [Status] = []
        for _ in 0..<settings.pages {
            guard let asked = path else { break }
            let page: StatusPage
            do {
                page = try await mastodon.page(asked)
            } catch let error as UpstreamError {
                if !error.isOurStop { try await keep(&waiting, from: source, cursor: nil, at: now, into: &counts) }
                throw error
            }
            counts["read", default: 0] += page.statuses.count
            counts["malformed", default: 0] += page.malformed
            if page.statuses.isEmpty {
                path = nil
                break
            }
            if !page.mayBeKept {
                // The answer itself forbids it, as its robots.txt could have.
                try await keep(&waiting, from: source, cursor: nil, at: now, into: &counts)
                counts["withdrawn", default: 0] += try await statuses.withdraw(intake.postIDs(of: page.statuses), in: tenant, at: now)
                counts["refused-by-robots", default: 0] += 1
                try await rest(start, until: now + .days(1), because: "robots", at: now)
                return
            }
            for status in page.statuses { newest = source.later(status.id, than: newest) }
            waiting += page.statuses
            // Pages go from new to old, so the cursor moves only when the last one is in: what a stop leaves out is read again.
            path = source.nextPage(after: page, newestKnown: start.newestID)
            if path == nil { cursor.newestID = newest }
            if let remaining = page.rateLimit.remaining, remaining < 60 {
                try await keep(&waiting, from: source, cursor: path == nil ? cursor : nil, at: now, into: &counts)
                try await rest(cursor, until: now + .minutes(5), because: "rate-limit", at: now)
                return
            }
            if waiting.count >= settings.batch { try await keep(&waiting, from: source, cursor: path == nil ? cursor : nil, at: now, into: &counts) }
        }
        try await keep(&waiting, from: source, cursor: path == nil ? cursor : nil, at: now, into: &counts)
        if newest != cursor.newestID {
            // Only where everything up to a status was read before is there something between.
            if path != nil, start.newestID != nil { counts["gaps", default: 0] += 1 }
            cursor.newestID = newest
            try await statuses.setCursor(cursor, in: tenant, at: now)
        }
    }

    /// Writes what was read of several pages in one transaction: pages of the file that it touches are then written once, and
    /// hundreds of rows keep nobody else waiting for longer than some milliseconds.
    private func keep(
        _ waiting: inout [Status], from source: IngestSource, cursor: IngestCursor?, at now: Instant, into counts: inout [String: Int]
    ) async throws {
        if waiting.isEmpty { return }
        let (judgement, kept, gone, malformed) = try await intake.take(
            waiting, from: source.name, cursor: cursor, into: statuses, in: tenant, at: now)
        waiting = []
        counts["kept", default: 0] += kept
        counts["malformed", default: 0] += malformed
        if gone > 0 { counts["withdrawn", default: 0] += gone }
        for (refusal, count) in judgement.refusals { counts["refused-" + refusal.rawValue, default: 0] += count }
    }

    private func rest(_ cursor: IngestCursor, until: Instant, because reason: String, at now: Instant) async throws {
        var resting = cursor
        resting.notBefore = until
        resting.refusal = reason
        try await statuses.setCursor(resting, in: tenant, at: now)
    }

    /// How long a source is left alone after a refusal.
    static func rest(after error: UpstreamError) -> (Instant.Span, String) {
        switch error {
        case .status(429, let wait), .status(503, let wait): (wait ?? .minutes(5), "rate-limit")
        // The instance wants a token for what we would read without one: not read, and asked again tomorrow.
        case .status(401, _), .status(403, _), .status(404, _), .status(422, _): (.days(1), "unauthorized")
        case .status, .transport, .notUnderstood: (.minutes(5), unreachable)
        }
    }

    private static let unreachable = "unreachable"
}

/// The instance gave no answer to any question.
public struct InstanceUnreachable: Error, CustomStringConvertible {
    public init() {}
    public var description: String { "the instance cannot be reached, or gives no usable answer; nothing was read" }
}
