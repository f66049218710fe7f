public import Fediverse
public import Privacy
public import Recommender

/// Closes each UTC day an hour after its end: own people's acts become daily cells, of enough aliases each.
public struct SignalsJob: Job {
    public let name = "signals"
    public let period: Duration = .seconds(900)

    private let statuses: any StatusRepository
    private let tenant: TenantKey
    private let sharing: SharingPolicy

    public init(statuses: any StatusRepository, tenant: TenantKey, sharing: SharingPolicy = SharingPolicy()) {
        self.statuses = statuses
        self.sharing = sharing
        self.tenant = tenant
    }

    public func run(at now: Instant) async throws -> [String: Int] {
        let newest = (now - .hours(1)).floored(to: .days(1)) - .days(1)
        var cells = 0
        // A week back, so that days missed while the service was off are closed too; closing again changes nothing.
        for daysBack in 0..<7 {
            let day = newest - .days(Int64(daysBack))
            cells += try await statuses.closeDay(day, sharing: sharing, in: tenant, at: now)
        }
        return ["cells": cells]
    }
}
