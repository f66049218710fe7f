public import Fediverse

/// Ends what is kept when its time has come: a plan made from ages alone, carried out in bounded parts.
///
/// The plan looks at the rows and not at the last run, so a run that was missed, cut short or done twice changes nothing
/// about the result. The repository works in small transactions: a killed process loses at most one of them.
public struct Anonymizer: Sendable {
    public let retention: RetentionPolicy

    public init(retention: RetentionPolicy = RetentionPolicy()) { self.retention = retention }

    /// A step and the moment before which its rows are due.
    public struct Planned: Sendable, Equatable {
        public var step: RetentionStep
        public var before: Instant
    }

    /// Every step, in the order in which they run.
    public func plan(at now: Instant) -> [Planned] {
        retention.steps.map { Planned(step: $0, before: now - $0.age) }
    }

    /// One run over one tenant.
    ///
    /// A step that fails is named in the report and does not keep the others from running.
    /// - Parameters:
    ///   - now: both clocks; see ``ClockGuard``.
    ///   - batchLimit: rows of one call to the repository, 1 or more; many, because each call passes over those of other levels.
    ///   - budget: rows of one step in this run, so that no step starves another. What is left over is the next run's.
    ///   - dryRun: counts what is due and changes nothing.
    ///   - lastRun: the `mark` of the last run's report; nil before the first.
    /// - Throws: `CancellationError` between two batches; what was done until then stays done.
    public func run(
        on repository: any RetentionRepository, tenant: TenantKey, at now: ClockReading, batchLimit: Int = 100_000,
        budget: Int = 100_000, dryRun: Bool = false, lastRun: ClockMark?
    ) async throws -> AnonymizerReport {
        precondition(batchLimit > 0 && budget > 0, "a batch of \(batchLimit) rows, a budget of \(budget)")
        let mark = ClockGuard.judge(now, after: lastRun)
        var report = AnonymizerReport(at: mark.obeyed, clockDoubted: mark.doubted, dryRun: dryRun, mark: dryRun ? nil : mark)
        for planned in plan(at: mark.obeyed) {
            var outcome = AnonymizerReport.Outcome(step: planned.step)
            do {
                if dryRun {
                    try Task.checkCancellation()
                    outcome.due = try await repository.due(planned.step, in: tenant, at: mark.obeyed)
                } else {
                    // What this run has removed may each have left a stub and its author: they go with it.
                    let left = planned.step.what == .stubs ? 2 * report.removed : 0
                    try await carryOut(
                        &outcome, on: repository, tenant: tenant, at: mark.obeyed, batchLimit: batchLimit + left, budget: budget + left)
                }
            } catch let cancelled as CancellationError {
                throw cancelled
            } catch {
                outcome.failed = true
                report.firstFailure = report.firstFailure ?? error
            }
            report.outcomes.append(outcome)
        }
        return report
    }

    private func carryOut(
        _ outcome: inout AnonymizerReport.Outcome, on repository: any RetentionRepository, tenant: TenantKey, at now: Instant,
        batchLimit: Int, budget: Int
    ) async throws {
        while outcome.removed < budget {
            try Task.checkCancellation()
            let limit = min(batchLimit, budget - outcome.removed)
            let removed = try await repository.carryOut(outcome.step, in: tenant, at: now, limit: limit)
            outcome.removed += removed
            outcome.batches += 1
            if removed < limit {
                outcome.finished = true
                return
            }
        }
    }
}

/// What a run did: counts only, so that it may be logged and kept.
public struct AnonymizerReport: Sendable {
    public struct Outcome: Sendable, Equatable {
        public var step: RetentionStep
        /// Counted in a dry run only.
        public var due: Int?
        public var removed = 0
        public var batches = 0
        /// Whether nothing due was left.
        public var finished = false
        public var failed = false
    }

    /// The time that the run went by.
    public var at: Instant
    /// The wall clock had jumped forward and was not believed in this run.
    public var clockDoubted: Bool
    public var dryRun: Bool
    /// For the next run; nil after a dry run, which leaves no trace.
    public var mark: ClockMark?
    public var outcomes: [Outcome] = []
    /// What the first failed step threw.
    public var firstFailure: (any Error)?

    public var removed: Int { outcomes.reduce(0) { $0 + $1.removed } }
    /// Whether every step came to its end, so that nothing is overdue.
    public var finished: Bool { outcomes.allSatisfy(\.finished) }
}
