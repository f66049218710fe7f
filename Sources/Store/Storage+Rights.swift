public import Fediverse
public import Privacy
public import Recommender

extension Storage {
    /// The rights of the people of one tenant, over this database.
    /// - Parameters:
    ///   - service: who runs this; what the reports say of rankings and jobs is filled in here.
    ///   - policy: what ranks where a person has not chosen.
    public func rights(
        of pseudonymizer: Pseudonymizer, in tenant: TenantKey, service: PrivacyReport.Service, policy: RankingPolicy,
        clock: @escaping @Sendable () -> Instant
    ) -> PersonRights {
        let (jobRuns, location, storage) = (jobRuns, location, self)
        return PersonRights(
            people: people, preferences: preferences, data: personalData, knownSettings: KnownSetting.all, pseudonymizer: pseudonymizer,
            tenant: tenant,
            facts: { settings, _ in
                var service = service
                service.parameters = policy.parameters(with: settings).map { .init(name: $0.name, value: $0.value) } + service.parameters
                if case .postgres = location {
                    service.engine = .server
                    service.bytesLeaveBy = try await storage.bytesLeaveBy(in: tenant)
                }
                // One that has not ended tells nothing yet.
                if let last = try await jobRuns.recent("anonymizer", limit: 2, in: tenant).first(where: { $0.finishedAt != nil }), let ended = last.finishedAt {
                    service.lastAnonymized = ended
                    service.nextAnonymized = ended + .hours(1)
                    service.lastRemoved = last.counts.flatMap(Self.removed)
                }
                return service
            }, clock: clock)
    }

    /// Rows removed, out of the counts of an anonymizer's run: those of its steps, or the command's sum.
    private static func removed(_ counts: String) -> Int? {
        let read = Array(counts.utf8).withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                var (scanner, sum) = (JSONScanner(bytes), 0)
                var object = try scanner.enterObject()
                while let name = try scanner.nextKey(&object)?.string {
                    let count = try scanner.integer()
                    if name == "removed" || RetentionStep.What.allCases.contains(where: { name.hasPrefix($0.rawValue) }) { sum += count }
                }
                return sum
            }
        }
        return try? read.get()
    }
}
