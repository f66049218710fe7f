import ArgumentParser
import Fediverse
import Jobs
import Privacy
import Store
import Upstream

struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Read the instance's public timelines now, once.",
        discussion: "Example: sheltie ingest --once --upstream https://social.example")
    @Flag(help: "One reading of each source, then end (what this command does in any case).") var once = false
    @Flag(help: "As JSON.") var json = false
    @OptionGroup var flags: SettingFlags

    func run() async throws {
        try await Self.checkReached(Settings.load(flags))
        try await withInstallation(flags) { installation in
            let (book, job) = (installation.jobBook, try installation.ingestJob(mustReach: true))
            let counts = try await book.alone("ingest") {
                try await Scheduler.runOnce(job, book: book)
            }
            if json {
                Output.json { Output.counts(counts, in: &$0) }
            } else {
                Output.table(["what", "statuses"], counts.sorted { $0.key < $1.key }.map { [$0.key, String($0.value)] })
            }
        }
    }

    /// Before anything is opened: a mistyped address must not become a tenant.
    private static func checkReached(_ settings: Settings) async throws {
        // What is wrong here is said before anybody else is asked.
        _ = try KeyRing.load(path: settings.text("keyFile"))
        do {
            _ = try await Installation.asking(settings) { try await $0.text("/robots.txt") }
        } catch let error as UpstreamError where error.isOurStop {
            throw CancellationError()
        } catch UpstreamError.transport {
            throw InstanceUnreachable()
        } catch is UpstreamError {
            // It answered: what that means is the job's to say.
        }
    }
}
