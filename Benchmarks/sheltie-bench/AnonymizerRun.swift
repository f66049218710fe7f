import Fediverse
import Privacy
import Store

/// A database with a tenant and nobody in it, for scripts/lib/bench/anonymizer.py to fill.
func prepareAnonymizer(database: String) async throws {
    let now = Instant(microseconds: wallClock())
    let storage = try await Storage.open(StoreLocation(parsing: database), role: .serve, now: now)
    let tenant = try await storage.tenant(domain: "home.example", at: now)
    let pseudonymizer = Pseudonymizer(try MasterKey(bytes: benchmarkKey))
    try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: now)
    await storage.shutdown()
}

/// One whole run of the anonymizer, as the service makes it.
func measureAnonymizer(database: String) async throws {
    let now = Instant(microseconds: wallClock())
    let storage = try await Storage.open(StoreLocation(parsing: database), role: .command, now: now)
    let tenant = try await storage.tenant(domain: "home.example", at: now)
    let (begun, start) = (ContinuousClock.now, processTime())
    let run = try await Anonymizer().run(
        on: storage.retention, tenant: tenant, at: ClockReading(wall: now, sinceBoot: nil), budget: 100_000_000, lastRun: nil)
    if let failure = run.firstFailure { throw failure }
    // A file's log goes into the file with its last connection.
    await storage.shutdown()
    report("cpu", processTime() - start)
    report("seconds", (ContinuousClock.now - begun) / .seconds(1))
    report("removed", Double(run.removed))
    for what in [RetentionStep.What.interactions, .evidence] {
        report(what.rawValue, Double(run.outcomes.filter { $0.step.what == what }.reduce(0) { $0 + $1.removed }))
    }
}
