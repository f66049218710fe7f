import Fediverse
import Logging
import Privacy
import ServiceLifecycle
import Store

/// Takes out of the files beside the master key what has ended: keys by which nobody is known, backups' keys of more than
/// 30 days, ledger entries that no backup needs. Each process looks after the files of its own machine.
struct Housekeeping: Service {
    let installation: Installation
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await tidy()
                try await Task.sleep(for: .seconds(3_600))
            }
        }
    }

    private func tidy() async {
        let (keyFile, now) = (installation.settings.text("keyFile"), Clock.now())
        do {
            let ended = try await installation.storage.endedKeys(among: installation.pseudonymizer.acceptedKeyIDs)
            if !ended.isEmpty { try KeyRing.remove(ended, at: keyFile) }
            try BackupKeys(beside: keyFile).removeEnded(at: now)
            try LedgerFile(beside: keyFile).removeEntries(before: now - KeepingPolicy.Shared.ledgerTags)
        } catch {
            logger.warning("what has ended could not be taken out of the files beside the key file; it is tried again in an hour")
        }
    }
}
