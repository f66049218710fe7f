import Database
import Fediverse
import Privacy
import Store

/// Whether this process can do its work: whether its database takes writes.
///
/// That the instance answers is no part of it: while it does not, another process would not reach it either.
actor Readiness {
    /// Between two probes; who asks in between is told what the last one found.
    static let probedEvery: Duration = .seconds(5)
    /// While there is trouble: what comes back is to be found soon.
    static let probedInTroubleEvery: Duration = .seconds(1)

    private let probe: @Sendable () async throws -> Void
    private var probedAt: ContinuousClock.Instant?
    private var found: String?

    init(_ storage: Storage, tenant: TenantKey) { probe = { try await storage.checkWritable(in: tenant) } }

    /// - Returns: what is wrong, in words that are safe to show; nil when all is well.
    func trouble() async -> String? {
        let now = ContinuousClock.now
        if let probedAt, now - probedAt < (found == nil ? Self.probedEvery : Self.probedInTroubleEvery) { return found }
        probedAt = now
        do {
            try await probe()
            found = nil
        } catch let error as DatabaseError {
            found = "nothing can be written: \(error)"
        } catch {
            found = "nothing can be written"
        }
        return found
    }
}
