import Database
import Glibc
import Postgres
import SQLite
import TestSupport
import Testing

@testable import Store

extension TransferTests {
    struct KilledTransferTests {
        /// The program itself, killed at any moment and begun again until it is done: each kill is one of the planned.
        @Test func `a transfer that is killed anywhere is gone on with, and every row is there once`() throws {
            let test = LargeTest("kill-transfer", seed: 31)
            var random = SeededGenerator(seed: test.seed)
            let place = try Place()
            try place.fill(acts: 3_000)
            let begun = ContinuousClock.now
            #expect(try start(place, resuming: false).waited() == 0)
            let whole = ContinuousClock.now - begun
            #expect(try differences(place) == [])
            var (kills, failed) = (0, 0)
            while kills < test.planned {
                try place.emptyTarget()
                var resumes = false
                while true {
                    let process = try start(place, resuming: resumes)
                    // Once in a while to the end, and otherwise anywhere: the later steps, too, which come after the rows.
                    let delay = kills < test.planned ? whole * Double.random(in: 0..<1, using: &random) : whole * 100
                    let code = try process.waited(atMost: delay)
                    resumes = try Staging.open(place.url).isThere()
                    if code == 0 { break }
                    // The server may have made the schema in the moment after the kill.
                    if code == 73, resumes { continue }
                    if code == nil { kills += 1 } else { failed += 1 }
                    // Killed behind the last step.
                    if try failed > 0 || code == nil && !resumes && !place.isEmpty() { break }
                }
                let differing = try differences(place)
                #expect(differing == [], "after \(kills) kills")
                if !differing.isEmpty { failed += 1 }
                if failed > 0 { break }
            }
            #expect(failed == 0)
            test.finish(done: kills, failed: failed)
        }

        private func start(_ place: Place, resuming: Bool) throws -> Process {
            try Process(["migrate", "to-postgres", "--from", place.path, "--to", place.url, "--chunk-rows", "200"] + (resuming ? ["--resume"] : []), in: place.folder)
        }
    }
}

extension Place {
    func isEmpty() throws -> Bool {
        try target().first("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'") { $0.integer(0) } == 0
    }
}
