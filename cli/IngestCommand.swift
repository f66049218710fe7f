import ArgumentParser
import Fediverse
import Jobs
import Store

struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Read the instance's public timelines now, once.",
        discussion: "Example: sheltie ingest --once --upstream https://social.example")
    @Flag(help: "One reading of each source, then end (what this command does in any case).") var once = false
    @Flag(help: "As JSON.") var json = false
    @OptionGroup var flags: SettingFlags

    func run() async throws {
        try await withInstallation(flags) { installation in
            let (book, job) = (installation.jobBook, try installation.ingestJob())
            let counts = try await book.alone("ingest") {
                try await Scheduler.runOnce(job, book: book, clock: Clock.now)
            }
            if json {
                Output.json { Output.counts(counts, in: &$0) }
            } else {
                Output.table(["what", "statuses"], counts.sorted { $0.key < $1.key }.map { [$0.key, String($0.value)] })
            }
        }
    }
}
