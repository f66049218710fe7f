import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import Synchronization
import TestSupport
import Testing

extension ServiceTests {
    /// `sheltie serve` on a PostgreSQL server that is cut off and comes back, while people read and act.
    @Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    struct RestartedPostgresTests {
        @Test func `a server that is cut off and comes back costs nothing that was acknowledged, and no answer of the instance's`() async throws {
            let test = LargeTest("restart-postgres", seed: 41)
            try await Upstream.serving { upstream in
                let cluster = try PostgresCluster("fsync=on")
                let place = try Place(upstream: upstream.address, server: cluster.address())
                let settings = Place.quiet + ["--default-level", "FULL"]
                let people = try (0..<4).map { try Visitor("reader_quast_\($0)", named: "Reader \($0)", at: upstream) }
                for visitor in people { try await visitor.settle() }
                let stranger = try Visitor("stranger_quast", named: "Stranger", at: upstream)
                let statuses = try await people[0].publicStatuses(pages: 12)
                let book = try Book(people, place)
                let program = try place.start(["serve"], settings)
                try await program.lending { program in
                    let port = try await program.port()
                    try await jobsRested(ServerRows(cluster.address()))
                    let here = people.map { $0.at(port) }
                    var random = SeededGenerator(seed: test.seed)
                    var healing: [Duration] = []
                    for number in 0..<test.planned {
                        let (busy, away) = (random.next(600), random.next(400))
                        let ending = Ending()
                        let shots = (0..<people.count).map { SeededGenerator(seed: test.seed &+ UInt64(number * 16 + $0)) }
                        try await withThrowingTaskGroup(of: Int.self) { group in
                            for (number, visitor) in here.enumerated() {
                                group.addTask {
                                    await book.act(number, visitor, statuses, shots[number], until: { ending.isHere })
                                    return 0
                                }
                            }
                            // Their requests pass through, whatever the database does.
                            group.addTask { try await Self.expectAnswers(to: here[0], until: { ending.isHere }) }
                            group.addTask { try await Self.expectAnswers(to: stranger.at(port), until: { ending.isHere }) }
                            try await Task.sleep(for: .milliseconds(busy))
                            try await cluster.stop()
                            try await Task.sleep(for: .milliseconds(away))
                            try await cluster.start()
                            let back = ContinuousClock.now
                            let before = book.kept
                            while book.kept == before, ContinuousClock.now - back < .seconds(30) { try await Task.sleep(for: .milliseconds(5)) }
                            healing.append(ContinuousClock.now - back)
                            ending.come()
                            let answered = try await group.reduce(0, +)
                            #expect(answered > 5, "only \(answered) requests passed through")
                        }
                        try book.expectKept(ServerRows(cluster.address()))
                        try await eventually("ready again", within: .seconds(5)) { try await send(port: port, "/sheltie/health/ready").status == 200 }
                    }
                    // On a busy machine no page may have been decided in time until now.
                    for number in 0..<200 where book.shown == 0 {
                        let end = ContinuousClock.now + .milliseconds(200)
                        await book.act(number % here.count, here[number % here.count], statuses, SeededGenerator(seed: UInt64(number)), until: { ContinuousClock.now > end })
                    }
                    let longest = try #require(healing.max())
                    #expect(longest < .seconds(5), "it took \(longest) to be well again")
                    print("restart-postgres: \(book.kept) acts kept, well again after \(healing.sorted()[healing.count / 2]), at most \(longest)")
                    #expect(book.kept > test.planned * 10 && book.shown > 0, "\(book.kept) acts and \(book.shown) recommendations were acknowledged")
                }
                program.send(SIGTERM)
                #expect(try await program.ended() == .init(code: 0))
                withExtendedLifetime(cluster) {}
                test.finish(done: test.planned, failed: 0)
            }
        }

        /// Asks for what is the instance's own, again and again; each answer is the instance's, and none comes late.
        private static func expectAnswers(to visitor: Visitor, until isOver: @escaping @Sendable () -> Bool) async throws -> Int {
            var answered = 0
            while !isOver() {
                for target in ["/api/v1/timelines/public?limit=5", "/api/v1/timelines/home?limit=5", "/api/v1/notifications"] {
                    let begun = ContinuousClock.now
                    let reply = try await visitor.send("GET", target)
                    #expect(reply.status == 200, "\(target): \(reply.status) \(reply.text.prefix(200))")
                    #expect(ContinuousClock.now - begun < .seconds(3), "\(target) took \(ContinuousClock.now - begun)")
                    answered += 1
                }
            }
            return answered
        }
    }
}

/// The end of what runs side by side.
private final class Ending: Sendable {
    private let state = Mutex(false)
    var isHere: Bool { state.withLock { $0 } }
    func come() { state.withLock { $0 = true } }
}
