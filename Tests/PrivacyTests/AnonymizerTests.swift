import Fediverse
import Privacy
import Testing

@Suite struct AnonymizerTests {
    private let tenant = TenantKey(1)

    private func oldActs(_ count: Int, before: Instant = wednesday) -> [RetentionModel.Row] {
        (0..<count).map { .init(what: .interactions, level: .full, at: before - .days(100), number: $0) }
    }

    private func reading(_ wall: Instant, _ uptime: Instant.Span?) -> ClockReading { ClockReading(wall: wall, sinceBoot: uptime) }

    @Test func `a run removes what is due in bounded batches, and a second one finds nothing`() async throws {
        let fresh = RetentionModel.Row(what: .interactions, level: .full, at: wednesday, number: -1)
        let model = RetentionModel(oldActs(2_500) + [fresh])
        let first = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday, .hours(1)), batchLimit: 1_000, lastRun: nil)
        #expect(first.removed == 2_500 && first.finished && model.largestBatch == 1_000 && model.rows == [fresh])
        let second = try await Anonymizer().run(
            on: model, tenant: tenant, at: reading(wednesday, .hours(1)), batchLimit: 1_000, lastRun: first.mark)
        #expect(second.removed == 0 && second.finished && model.rows == [fresh])
    }

    @Test func `a step that spends its budget leaves the rest to the next run and starves no other`() async throws {
        let log = RetentionModel.Row(what: .recommendationLogs, level: .full, at: wednesday - .days(31), number: 0)
        let model = RetentionModel(oldActs(250) + [log])
        let first = try await Anonymizer().run(
            on: model, tenant: tenant, at: reading(wednesday, nil), batchLimit: 30, budget: 100, lastRun: nil)
        #expect(first.removed == 101 && !first.finished && model.rows.count == 150)
        #expect(first.outcomes.first { $0.step.what == .interactions && $0.step.level == .full }?.batches == 4)
        var mark = first.mark
        for _ in 0..<2 {
            mark = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday, nil), batchLimit: 30, budget: 100, lastRun: mark).mark
        }
        #expect(model.rows.isEmpty)
    }

    @Test func `a run cancelled between two batches keeps what it did and is taken up again`() async throws {
        let reached = AsyncStream.makeStream(of: Int.self)
        let proceed = AsyncStream.makeStream(of: Void.self)
        let model = CancellingModel(RetentionModel(oldActs(50)), reached: reached.continuation, proceed: proceed.stream)
        let run = Task {
            try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday, nil), batchLimit: 10, lastRun: nil)
        }
        for await removed in reached.stream where removed > 0 { break }
        run.cancel()
        proceed.continuation.finish()
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(model.rows.rows.count == 40)
        let again = try await Anonymizer().run(on: model.rows, tenant: tenant, at: reading(wednesday, nil), batchLimit: 10, lastRun: nil)
        #expect(again.removed == 40 && again.finished)
    }

    @Test func `a failing step is named and the others run`() async throws {
        let log = RetentionModel.Row(what: .recommendationLogs, level: .full, at: wednesday - .days(31), number: 0)
        let model = RetentionModel(oldActs(5) + [log], broken: .interactions)
        let report = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday, nil), lastRun: nil)
        #expect(report.outcomes.filter(\.failed).map(\.step.what) == [.interactions, .interactions])
        #expect(report.removed == 1 && !report.finished && report.firstFailure is RetentionModel.Broken)
    }

    @Test func `a dry run counts and changes nothing, not even what the next run judges the clock by`() async throws {
        let model = RetentionModel(oldActs(12))
        let report = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday, nil), dryRun: true, lastRun: nil)
        #expect(report.outcomes.compactMap(\.due).reduce(0, +) == 12 && report.removed == 0)
        #expect(model.rows.count == 12 && model.calls == 0 && report.mark == nil)
    }

    @Test func `a clock that jumped a year deletes nothing until a second run sees the same`() async throws {
        let young = RetentionModel.Row(what: .interactions, level: .full, at: wednesday, number: 0)
        let model = RetentionModel([young])
        let first = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday, .hours(1)), lastRun: nil)
        // An hour later by the machine's own count, a year later by the wall.
        let jumped = wednesday + .days(365)
        let second = try await Anonymizer().run(on: model, tenant: tenant, at: reading(jumped, .hours(2)), lastRun: first.mark)
        #expect(second.clockDoubted && second.at == wednesday + .hours(1) && model.rows == [young])
        let third = try await Anonymizer().run(on: model, tenant: tenant, at: reading(jumped + .hours(1), .hours(3)), lastRun: second.mark)
        #expect(!third.clockDoubted && third.at == jumped + .hours(1) && model.rows.isEmpty)
    }

    @Test func `a clock set back after a jump has deleted nothing`() async throws {
        let young = RetentionModel.Row(what: .interactions, level: .full, at: wednesday, number: 0)
        let model = RetentionModel([young])
        var mark = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday, .hours(1)), lastRun: nil).mark
        mark = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday + .days(365), .hours(2)), lastRun: mark).mark
        let back = try await Anonymizer().run(on: model, tenant: tenant, at: reading(wednesday + .hours(2), .hours(3)), lastRun: mark)
        #expect(!back.clockDoubted && back.at == wednesday + .hours(2) && model.rows == [young])
    }

    @Test func `a step within the tolerance is obeyed, one beyond is not`() {
        let last = ClockMark(reading: reading(wednesday, .hours(1)), obeyed: wednesday, doubted: false)
        let inside = ClockGuard.judge(reading(wednesday + .hours(2), .hours(2)), after: last)
        #expect(!inside.doubted && inside.obeyed == wednesday + .hours(2))
        let outside = ClockGuard.judge(reading(wednesday + .hours(2) + .seconds(1), .hours(2)), after: last)
        #expect(outside.doubted && outside.obeyed == wednesday + .hours(1))
        // A machine that slept for a week counted the week.
        #expect(!ClockGuard.judge(reading(wednesday + .days(7), .hours(1) + .days(7)), after: last).doubted)
    }

    @Test func `after a restart of the machine a long absence is believed at the second run`() {
        let last = ClockMark(finishedAt: wednesday)
        let first = ClockGuard.judge(reading(wednesday + .days(3), .seconds(30)), after: last)
        #expect(first.doubted && first.obeyed == wednesday)
        let second = ClockGuard.judge(reading(wednesday + .days(3) + .hours(1), .hours(1)), after: first)
        #expect(!second.doubted && second.obeyed == wednesday + .days(3) + .hours(1))
    }
}

extension Instant.Span {
    fileprivate static func + (left: Instant.Span, right: Instant.Span) -> Instant.Span {
        Instant.Span(microseconds: left.microseconds + right.microseconds)
    }
}

/// Says when a batch removed something, and waits with the answer until it may go on.
private struct CancellingModel: RetentionRepository {
    let rows: RetentionModel
    let reached: AsyncStream<Int>.Continuation
    let proceed: AsyncStream<Void>

    init(_ rows: RetentionModel, reached: AsyncStream<Int>.Continuation, proceed: AsyncStream<Void>) {
        self.rows = rows
        self.reached = reached
        self.proceed = proceed
    }

    func due(_ step: RetentionStep, in tenant: TenantKey, at now: Instant) async throws -> Int { try await rows.due(step, in: tenant, at: now) }

    func carryOut(_ step: RetentionStep, in tenant: TenantKey, at now: Instant, limit: Int) async throws -> Int {
        let removed = try await rows.carryOut(step, in: tenant, at: now, limit: limit)
        reached.yield(removed)
        if removed > 0 {
            // Ends when the test finishes the stream, or when this task is cancelled.
            for await _ in proceed {}
        }
        return removed
    }
}
