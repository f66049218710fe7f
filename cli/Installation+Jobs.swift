import Jobs
import Privacy
import Recommender
import Store
import Upstream

extension Installation {
    /// The jobs that the settings ask for.
    func jobs() async throws -> [any Job] {
        let lastAnonymized = try await storage.jobRuns.recent("anonymizer", limit: 1, in: tenant).first?.finishedAt
        let keeping = RetentionPolicy(contentDays: try settings.number("contentDays"))
        return [
            try ingestJob(),
            RecheckJob(mastodon: mastodon, statuses: storage.statuses, intake: try intake(), tenant: tenant),
            SignalsJob(statuses: storage.statuses, tenant: tenant, sharing: SharingPolicy(try settings.choice("sharedCounts"))),
            AnonymizerJob(
                anonymizer: Anonymizer(retention: keeping), retention: storage.retention, people: storage.people, tenant: tenant,
                lastFinished: lastAnonymized, sinceBoot: Clock.sinceBoot, prepareDays: { [storage] in try await storage.prepareEvidence(at: $0) }),
        ]
    }

    /// - Parameter mustReach: whether a run that reached nothing has failed.
    func ingestJob(mustReach: Bool = false) throws -> IngestJob {
        var ingest = IngestJob.Settings(sources: try settings.ingestSources(), consent: consent)
        ingest.period = .seconds(try settings.number("ingestInterval"))
        ingest.obeysRobots = try settings.obeysRobots(of: instance)
        ingest.contentDays = try settings.number("contentDays")
        ingest.mustReach = mustReach
        return IngestJob(
            mastodon: mastodon, statuses: storage.statuses, pseudonymizer: pseudonymizer, tenant: tenant, agent: Self.agent, settings: ingest)
    }

    func intake() throws -> StatusIntake {
        StatusIntake(
            instance: instance, pseudonymizer: pseudonymizer, consent: consent, keepsContent: try settings.number("contentDays") > 0,
            blocksOf: mastodon)
    }

    var jobBook: StoredJobBook { StoredJobBook(storage: storage, tenant: tenant) }
}
