import Database
public import Fediverse
public import Privacy

/// The right to act alone, for a while. A later holder's fence is larger, so a late writer is known by its smaller one.
public struct Lease: Sendable, Equatable {
    public var tenant: TenantKey
    public var name: String
    public var holder: String
    public var fence: Int64

    public init(tenant: TenantKey, name: String, holder: String, fence: Int64) {
        self.tenant = tenant
        self.name = name
        self.holder = holder
        self.fence = fence
    }
}

/// Who may run a job now, where several processes could.
public struct Leases: Sendable {
    /// No lease is given for longer.
    public static let longest = Instant.Span.seconds(45)

    let pool: any ConnectionPool
    /// A server's clock is one for all who share it; false takes each caller's own.
    var goesByServer = true

    /// Takes the lease when it is free, has expired, or is the holder's own (which renews it under the same fence).
    ///
    /// One that ends far later than a new one could was given while the clock was ahead; it counts as expired, or a clock that
    /// was set back would leave a dead process's lease standing.
    /// - Parameters:
    ///   - span: at most `longest`.
    ///   - now: the caller's clock, which counts where the database has none of its own.
    /// - Returns: nil while another holds it, or is in the middle of a write under it.
    public func acquire(
        _ name: String, for span: Instant.Span, by holder: String, in tenant: TenantKey, at now: Instant
    ) async throws -> Lease? {
        precondition(span <= Self.longest, "a lease of \(span.seconds) s")
        return try await pool.write(.process) { connection in
            let now = try time(on: connection, else: now), end = now + span, tooLate = now + Self.longest + Self.longest
            guard try connection.mayTake(name, by: holder, in: tenant, at: now, tooLate: tooLate) else { return nil }
            return try connection.first("""
                INSERT INTO leases (tenant_id, name, fence, holder, expires_at) VALUES (\(tenant), \(name), 1, \(holder), \(end))
                ON CONFLICT (tenant_id, name) DO UPDATE SET
                    fence = CASE WHEN leases.holder = excluded.holder AND leases.expires_at > \(now) THEN leases.fence ELSE leases.fence + 1 END,
                    holder = excluded.holder, expires_at = excluded.expires_at
                WHERE leases.holder = excluded.holder OR leases.expires_at <= \(now) OR leases.expires_at > \(tooLate)
                RETURNING fence
                """) { Lease(tenant: tenant, name: name, holder: holder, fence: $0.integer(0)) }
        }
    }

    /// Holds it for `span` from now, also when it has run out, as long as nobody has taken it since.
    /// - Returns: whether it is held.
    public func renew(_ lease: Lease, for span: Instant.Span, at now: Instant) async throws -> Bool {
        try await pool.write(.process) { try $0.setEnd(of: lease, to: time(on: $0, else: now) + span) }
    }

    /// Lets the next one in at once. The row stays: its fence must not begin anew.
    public func release(_ lease: Lease, at now: Instant) async throws {
        _ = try await pool.write(.process) { try $0.setEnd(of: lease, to: time(on: $0, else: now)) }
    }

    /// Runs `body`, in which each write of this storage happens only while nobody has taken the lease: that is looked at
    /// in the write's own transaction.
    /// - Throws: `StoreError.leaseLost` out of a write that came too late; it has changed nothing.
    public func fencing<Result: Sendable>(_ lease: Lease, _ body: @Sendable () async throws -> Result) async throws -> Result {
        try await FencedPool.$lease.withValue(lease, operation: body)
    }

    private func time(on connection: any Connection, else now: Instant) throws -> Instant {
        goesByServer ? try connection.sharedTime(else: now) : now
    }
}

/// A pool whose writes look first whether the lease that they are done under, if any, is still the holder's, and are repeated
/// where another process's write came between.
struct FencedPool: ConnectionPool {
    @TaskLocal static var lease: Lease?

    let pool: any ConnectionPool
    /// How long a write that others stand in the way of is tried again; nil where there is one writer only.
    let patience: Duration?
    /// A row that is there, or is not, stays so where it was no other's doing.
    private static let attemptsAtRows = 4

    func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await pool.read(body)
    }

    func write<Result: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (any Connection) throws -> Result
    ) async throws -> Result {
        let lease = Self.lease
        let end = ContinuousClock.now + (patience ?? .zero)
        var attempt = 0
        while true {
            do {
                return try await pool.write(durability) { try Self.fenced(lease, body, $0) }
            } catch let error as DatabaseError where patience != nil && error.isOfAnother {
                // All of it was undone: it looks anew and finds what the other has left, which is done in a moment.
                attempt += 1
                guard error == .busy ? ContinuousClock.now < end : attempt < Self.attemptsAtRows else { throw error }
                // Who is cancelled cannot wait, and is tried a few times only.
                if (try? await Task.sleep(for: .milliseconds(min(10 * attempt, 80)))) == nil, attempt > Self.attemptsAtRows { throw error }
            }
        }
    }

    private static func fenced<Result>(
        _ lease: Lease?, _ body: (any Connection) throws -> Result, _ connection: any Connection
    ) throws -> Result {
        if let lease, try !connection.isHeld(lease) { throw StoreError.leaseLost }
        return try body(connection)
    }

    func maintain<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await pool.maintain(body)
    }

    func shutdown() async { await pool.shutdown() }
}

extension DatabaseError {
    /// Whether another session can be the reason: a deadlock, a lock that did not come free, a row that was made or removed
    /// between our look and our write.
    fileprivate var isOfAnother: Bool {
        switch self {
        case .busy, .constraint(.unique), .constraint(.foreignKey): true
        default: false
        }
    }
}

extension Connection {
    /// Whether nobody has taken the lease. Its end does not matter here: until it is taken nobody else acts.
    ///
    /// Nobody takes it either before this transaction has ended: a write under an old fence never comes after one under a new one.
    fileprivate func isHeld(_ lease: Lease) throws -> Bool {
        try first("""
            SELECT 1 FROM leases WHERE tenant_id = \(lease.tenant) AND name = \(lease.name) AND holder = \(lease.holder)
            AND fence = \(lease.fence) \(sql: dialect.forShare)
            """) { _ in true } ?? false
    }

    /// Whether it is worth trying. On a server others may be at the same lease: whoever asks waits for none of them, since
    /// people's writes stand in the same line.
    fileprivate func mayTake(_ name: String, by holder: String, in tenant: TenantKey, at now: Instant, tooLate: Instant) throws -> Bool {
        guard dialect == .postgres else { return true }
        let known = try first("SELECT holder, expires_at FROM leases WHERE tenant_id = \(tenant) AND name = \(name)") {
            (holder: $0.text(0), end: $0.instant(1))
        }
        if let known, known.holder != holder, known.end > now, known.end <= tooLate { return false }
        // One of those who ask at the same moment, by a lock that goes with its transaction.
        let isAlone = try first("SELECT pg_try_advisory_xact_lock(hashtextextended(\(name), \(tenant)))") { $0.bool(0) } ?? false
        guard isAlone, known != nil else { return isAlone }
        // A holder in the middle of a write has locked the row until its transaction ends.
        return try first("""
            SELECT 1 FROM leases WHERE tenant_id = \(tenant) AND name = \(name) FOR UPDATE SKIP LOCKED
            """) { _ in true } ?? false
    }

    fileprivate func setEnd(of lease: Lease, to end: Instant) throws -> Bool {
        try run("""
            UPDATE leases SET expires_at = \(end)
            WHERE tenant_id = \(lease.tenant) AND name = \(lease.name) AND holder = \(lease.holder) AND fence = \(lease.fence)
            """) == 1
    }
}
