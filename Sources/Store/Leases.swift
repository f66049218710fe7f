import Database
public import Fediverse
public import Privacy

/// The right to act alone, for a while. A later holder's fence is larger, so a late writer is known by its smaller one.
public struct Lease: Sendable, Equatable {
    public var name: String
    public var holder: String
    public var fence: Int64
    public var expiresAt: Instant
}

/// Who may run a job now, where several processes could.
public struct Leases: Sendable {
    let pool: any ConnectionPool

    /// Takes the lease when it is free, has expired, or is the holder's own (which renews it under the same fence).
    /// - Returns: nil while another holds it.
    public func acquire(
        _ name: String, for span: Instant.Span, by holder: String, in tenant: TenantKey, at now: Instant
    ) async throws -> Lease? {
        let end = now + span
        return try await pool.write(.process) { connection in
            try connection.first("""
                INSERT INTO leases (tenant_id, name, fence, holder, expires_at) VALUES (\(tenant), \(name), 1, \(holder), \(end))
                ON CONFLICT (tenant_id, name) DO UPDATE SET
                    fence = CASE WHEN leases.holder = excluded.holder AND leases.expires_at > \(now) THEN leases.fence ELSE leases.fence + 1 END,
                    holder = excluded.holder, expires_at = excluded.expires_at
                WHERE leases.holder = excluded.holder OR leases.expires_at <= \(now)
                RETURNING fence
                """) { Lease(name: name, holder: holder, fence: $0.integer(0), expiresAt: end) }
        }
    }

    /// Whether the lease is still this one: nobody has taken it since, and it has not run out.
    public func holds(_ lease: Lease, in tenant: TenantKey, at now: Instant) async throws -> Bool {
        try await pool.read { connection in
            try connection.first("""
                SELECT 1 FROM leases WHERE tenant_id = \(tenant) AND name = \(lease.name) AND holder = \(lease.holder)
                AND fence = \(lease.fence) AND expires_at > \(now)
                """) { _ in true } ?? false
        }
    }

    /// Lets the next one in at once. The row stays: its fence must not begin anew.
    public func release(_ lease: Lease, in tenant: TenantKey, at now: Instant) async throws {
        _ = try await pool.write(.process) { connection in
            try connection.run("""
                UPDATE leases SET expires_at = \(now)
                WHERE tenant_id = \(tenant) AND name = \(lease.name) AND holder = \(lease.holder) AND fence = \(lease.fence)
                """)
        }
    }
}
