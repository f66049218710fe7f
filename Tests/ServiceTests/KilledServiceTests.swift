import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import Privacy
import Synchronization
import TestSupport
import Testing

extension ServiceTests {
    /// `sheltie serve`, killed while people read and act: what was acknowledged is kept, once; what was shown has its row.
    struct KilledServiceTests {
        @Test func `a killed service has lost nothing that it acknowledged and shown nothing that it had not noted`() async throws {
            let test = LargeTest("kill-interaction", seed: 22)
            try await Upstream.serving { upstream in
                let place = try Place(upstream: upstream.address)
                let settings = Place.quiet + ["--default-level", "FULL", "--decision-milliseconds", "10000"]
                let people = try (0..<4).map { try Visitor("reader_quast_\($0)", named: "Reader \($0)", at: upstream) }
                for visitor in people { try await visitor.settle() }
                let statuses = try await people[0].publicStatuses(pages: 12)
                let book = try Book(people, place)
                var random = SeededGenerator(seed: test.seed)
                var program = try place.start(["serve"], settings)
                try await program.lending { _ = try await $0.port(); try await jobsRested(StoredRows(place)) }
                var done = 0
                for number in 0..<test.planned {
                    let watch = try WriteWatch(place.log)
                    let deadliness: Deadliness =
                        switch number % 3 {
                        case 0: .after(.microseconds(Int.random(in: 20_000...400_000, using: &random)))
                        case 1: .atLogWrite(Int.random(in: 2...120, using: &random))
                        default: .atAcknowledgement(Int.random(in: 1...60, using: &random))
                        }
                    let shots = (0..<people.count).map { SeededGenerator(seed: test.seed &+ UInt64(number * 16 + $0)) }
                    try await program.lending { program in
                        let port = try await program.port()
                        try await book.run(people.map { $0.at(port) }, statuses, untilKilled: program, by: deadliness, watch, shots)
                    }
                    watch.end()
                    #expect(try StoredRows(leftAt: place).damage() == [])
                    program = try place.start(["serve"], settings)
                    try await program.lending { program in
                        _ = try await program.port()
                        try book.expectKept(StoredRows(place))
                    }
                    done += 1
                }
                program.send(SIGTERM)
                #expect(try await program.ended() == .init(code: 0))
                #expect(book.acknowledged > test.planned && book.shown > 0, "\(book.acknowledged) acts and \(book.shown) recommendations were acknowledged")
                test.finish(done: done, failed: 0)
            }
        }
    }
}
