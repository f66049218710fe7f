import Fediverse
import Privacy
import ServiceLifecycle
import Store
import Telemetry

/// Takes out of the files beside the master key what has ended: keys by which nobody is known, backups' keys of more than
/// 30 days, ledger entries that no backup needs. Each process looks after the files of its own machine.
struct Housekeeping: Service {
    let installation: Installation
    let logger: Log

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            // A clock that is wrong after the machine's start would end every key: only what a second look confirms is believed.
            var mark = ClockGuard.judge(ClockReading(wall: Clock.now(), sinceBoot: Clock.sinceBoot()), after: nil)
            try await Task.sleep(for: .seconds(300))
            while true {
                mark = ClockGuard.judge(ClockReading(wall: Clock.now(), sinceBoot: Clock.sinceBoot()), after: mark)
                await tidy(at: mark.obeyed)
                try await Task.sleep(for: .seconds(3_600))
            }
        }
    }

    private func tidy(at now: Instant) async {
        let keyFile = installation.settings.text("keyFile")
        // What a killed backup left readable; one that is under way holds the lock.
        if case .sqlite(let database) = installation.storage.location, let lock = try? CopyLock(database) {
            PlainCopy.removeAll(beside: database)
            withExtendedLifetime(lock) {}
        }
        do {
            let ended = try await installation.storage.endedKeys(among: installation.pseudonymizer.acceptedKeyIDs)
            if !ended.isEmpty { try KeyRing.remove(ended, at: keyFile) }
            try BackupKeys(beside: installation.settings.keyRecords).removeEnded(at: now)
            try LedgerFile(beside: installation.settings.keyRecords).removeEntries(before: now - KeepingPolicy.Shared.ledgerTags)
        } catch {
            logger.note(.warning, "what has ended could not be taken out of the files beside the key file; it is tried again in an hour", .failure(error))
        }
    }
}
