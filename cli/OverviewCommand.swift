import ArgumentParser
import Fediverse
import Privacy
import Store

/// The operator's side of the report: what is kept, what is due and what was done, with nobody in it.
struct OverviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overview", abstract: "For the operator: how many people, what is overdue, what the anonymizer did; nobody is in it.",
        discussion: "Example: sheltie privacy overview --json")
    @Flag(help: "As JSON.") var json = false
    @OptionGroup var flags: SettingFlags

    /// A smaller number could be somebody.
    private static let fewest = KeepingPolicy.Shared.fewestPeople

    func run() async throws {
        try await withInstallation(flags, role: .inspect) { installation in
            let retention = RetentionPolicy(contentDays: try installation.settings.number("contentDays"))
            let overview = try await installation.storage.overview(in: installation.tenant, retention: retention, at: Clock.now())
            if json { Self.printJSON(overview) } else { Self.printText(overview) }
        }
    }

    private static func number(_ people: Int) -> String { (1..<fewest).contains(people) ? "fewer than \(fewest)" : String(people) }

    private static func printText(_ overview: Overview) {
        Output.table(
            ["people at", ""], PrivacyLevel.allCases.map { [$0.rawValue, number(overview.people[$0] ?? 0)] })
        Output.line()
        Output.table(["rows a day past their time", ""], overview.pastDue.sorted { $0.key < $1.key }.map { [$0.key, String($0.value)] })
        Output.line()
        if overview.anonymizerRuns.isEmpty {
            Output.line("The anonymizer has not run yet.")
        } else {
            Output.table(["anonymizer run (UTC)", "seconds", "ended", "rows"], overview.anonymizerRuns.map { run in
                [UTCText.writeFull(run.startedAt), run.seconds.map(seconds) ?? "-", run.outcome?.rawValue ?? "running", String(run.removed)]
            })
        }
        Output.line()
        Output.table(["key", "state", "since (UTC)", "people"], overview.keys.map { key in
            [key.id, key.state, UTCText.writeFull(key.createdAt), number(key.aliases)]
        })
        Output.line()
        Output.table(["", ""], [
            ["statuses a day with too few people to count them, last 7 days", String(overview.refusedCells)],
            ["erasures, last 37 days", String(overview.erasures)], ["lowered levels, last 37 days", String(overview.loweredLevels)],
            ["longest from a removal to its bytes' end, seconds, last 30 days", overview.longestScrub.map { String(Int($0.seconds)) } ?? "none needed"],
            ["files with bytes of removed rows", String(overview.waitingFiles)],
            ["these leave them by (UTC)", overview.bytesLeaveBy.map(UTCText.writeFull) ?? "-"],
            ["sources that robots.txt forbids now", String(overview.sourcesRefusedByRobots)],
        ])
        if overview.refusals.isEmpty { return }
        Output.line()
        Output.table(["not recommended, last 7 days, because", "statuses"], overview.refusals.sorted { $0.key < $1.key }.map { [$0.key, String($0.value)] })
    }

    private static func seconds(_ value: Double) -> String { String((value * 10).rounded() / 10) }

    private static func printJSON(_ overview: Overview) {
        Output.json { writer in
            writer.object {
                $0.member("schema", "sheltie-privacy-overview/1")
                $0.member("people") { writer in
                    writer.object { for level in PrivacyLevel.allCases { $0.member(level.rawValue, number(overview.people[level] ?? 0)) } }
                }
                $0.member("past_due") { Output.counts(overview.pastDue, in: &$0) }
                $0.member("anonymizer_runs") { writer in
                    writer.array {
                        for run in overview.anonymizerRuns {
                            $0.object {
                                $0.member("started_at", UTCText.writeFull(run.startedAt))
                                $0.member("seconds", run.seconds.map(seconds))
                                $0.member("outcome", run.outcome?.rawValue)
                                $0.member("removed", run.removed)
                            }
                        }
                    }
                }
                $0.member("keys") { writer in
                    writer.array {
                        for key in overview.keys {
                            $0.object {
                                $0.member("key_id", key.id)
                                $0.member("state", key.state)
                                $0.member("created_at", UTCText.writeFull(key.createdAt))
                                $0.member("people", number(key.aliases))
                            }
                        }
                    }
                }
                $0.member("cells_refused", overview.refusedCells)
                $0.member("erasures", overview.erasures)
                $0.member("lowered_levels", overview.loweredLevels)
                $0.member("longest_scrub_seconds", overview.longestScrub.map { String(Int($0.seconds)) })
                $0.member("waiting_files", overview.waitingFiles)
                $0.member("bytes_leave_by", overview.bytesLeaveBy.map(UTCText.writeFull))
                $0.member("refusals") { Output.counts(overview.refusals, in: &$0) }
                $0.member("sources_refused_by_robots", overview.sourcesRefusedByRobots)
            }
        }
    }
}
