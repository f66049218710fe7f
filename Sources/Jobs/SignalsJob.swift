public import Fediverse
public import Privacy
public import Recommender

/// Closes each UTC day an hour after its end: own people's acts become daily cells, each of at least 5 aliases.
public struct SignalsJob: Job {
    public let name = "signals"
    public let period: Duration = .seconds(900)

    /// The smallest number of people that a shared cell may speak of.
    public static let minimumAliases = KeepingPolicy.Shared.fewestPeople

    private let statuses: any StatusRepository
    private let tenant: TenantKey

    public init(statuses: any StatusRepository, tenant: TenantKey) {
        self.statuses = statuses
        self.tenant = tenant
    }

    public func run(at now: Instant) async throws -> [String: Int] {
        let newest = (now - .hours(1)).floored(to: .days(1)) - .days(1)
        var cells = 0
        // A week back, so that days missed while the service was off are closed too; closing again changes nothing.
        for daysBack in 0..<7 {
            let day = newest - .days(Int64(daysBack))
            cells += try await statuses.closeDay(day, minimumAliases: Self.minimumAliases, in: tenant, at: now)
        }
        return ["cells": cells]
    }
}
