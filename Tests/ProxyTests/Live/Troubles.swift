import Fediverse
import Privacy
import Proxy
import Recommender

/// What goes wrong in one of our own parts.
enum Trouble: String, Sendable, CaseIterable {
    case historyHangs, historyFails, candidatesHang, candidatesFail, logHangs, logFails, levelChanged, peopleHang, peopleFail

    struct Failure: Error {}

    /// Puts the trouble in front of the real part.
    func enter(_ parts: inout ProxyParts) {
        switch self {
        case .historyHangs, .historyFails, .candidatesHang, .candidatesFail:
            parts.candidates = TroubledRecommender(trouble: self, real: parts.candidates)
        case .logHangs, .logFails, .levelChanged: parts.log = TroubledLog(trouble: self)
        case .peopleHang, .peopleFail:
            parts.people = TroubledPeople(trouble: self, real: parts.people)
            parts.candidates = TroubledRecommender(trouble: self, real: parts.candidates)
        }
    }

    /// A part that never answers: until its task is cancelled.
    static func hang() async throws -> Never {
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }
}

private struct TroubledRecommender: RecommenderRepository {
    let trouble: Trouble
    let real: any RecommenderRepository

    func changes(in tenant: TenantKey, since version: Int64?, at now: Instant) async throws -> SnapshotChanges {
        if trouble == .candidatesHang { try await Trouble.hang() }
        if trouble == .candidatesFail { throw Trouble.Failure() }
        return try await real.changes(in: tenant, since: version, at: now)
    }

    func placements(_ wrapperIDs: [String], of viewer: Viewer) async throws -> [Placement] {
        try await real.placements(wrapperIDs, of: viewer)
    }

    func listed(of viewer: Viewer, since start: Instant) async throws -> [Placement] {
        if trouble == .historyHangs { try await Trouble.hang() }
        if trouble == .historyFails { throw Trouble.Failure() }
        return try await real.listed(of: viewer, since: start)
    }

    func history(of viewer: Viewer, at now: Instant) async throws -> ReaderHistory {
        if trouble == .historyHangs { try await Trouble.hang() }
        if trouble == .historyFails { throw Trouble.Failure() }
        return try await real.history(of: viewer, at: now)
    }

    func reader(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> (viewer: Viewer, history: ReaderHistory) {
        if trouble == .historyHangs || trouble == .peopleHang { try await Trouble.hang() }
        if trouble == .historyFails || trouble == .peopleFail { throw Trouble.Failure() }
        return try await real.reader(alias, in: tenant, at: now)
    }
}

private struct TroubledLog: RecommendationLogRepository {
    let trouble: Trouble

    func record(_ recommendations: [Permitted<Recommendation>], while isWanted: @escaping @Sendable () -> Bool) async throws -> Bool {
        if trouble == .logHangs { try await Trouble.hang() }
        if trouble == .logFails { throw Trouble.Failure() }
        return false
    }
}

private struct TroubledPeople: PeopleRepository {
    let trouble: Trouble
    let real: any PeopleRepository

    func viewer(_ alias: AliasID, in tenant: TenantKey) async throws -> Viewer {
        if trouble == .peopleHang { try await Trouble.hang() }
        throw Trouble.Failure()
    }

    func setLevel(_ level: PrivacyLevel, of alias: AliasID, in tenant: TenantKey, at now: Instant, from expected: Viewer?) async throws -> LevelChange {
        try await real.setLevel(level, of: alias, in: tenant, at: now, from: expected)
    }

    func adopt(_ alias: AliasID, from former: [FormerAlias], in tenant: TenantKey, at now: Instant) async throws {
        try await real.adopt(alias, from: former, in: tenant, at: now)
    }

    func standing(_ alias: AliasID, or former: [FormerAlias], in tenant: TenantKey) async throws -> AliasID {
        try await real.standing(alias, or: former, in: tenant)
    }

    func arrive(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> Viewer {
        try await real.arrive(alias, in: tenant, at: now)
    }

    func erase(_ alias: AliasID, in tenant: TenantKey, ledgerTag: String, at now: Instant) async throws -> ErasureReceipt {
        try await real.erase(alias, in: tenant, ledgerTag: ledgerTag, at: now)
    }

    func scrub() async throws -> Bool { try await real.scrub() }
    func seen(_ visit: Permitted<Instant>) async throws { try await real.seen(visit) }
}
