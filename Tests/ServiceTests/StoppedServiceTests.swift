import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import TestSupport
import Testing

extension ServiceTests {
    struct StoppedServiceTests {
        @Test func `SIGTERM cuts no answer that was begun, and ends the service within 10 seconds`() async throws {
            try await Upstream.serving(people: 80, posts: 800) { upstream in
                let place = try Place(upstream: upstream.address)
                let visitor = try Visitor("patient_quastenfarn", named: "Patient", at: upstream)
                try await visitor.settle(following: 10)
                let whole = try await send(port: upstream.port, "/api/v1/timelines/public?limit=40").body.count
                try await place.serving { program, port in
                    // Upstream's second half comes a second after its first: in between every answer is begun and unfinished.
                    upstream.server.faults.set("/api/v1/timelines/public") { $0.latencyInside = .seconds(1) }
                    var begun: [LoopbackSocket] = []
                    for _ in 0..<20 {
                        let socket = try LoopbackSocket(port: port, patience: 60)
                        try await socket.send("GET /api/v1/timelines/public?limit=40 HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n")
                        begun.append(socket)
                    }
                    var heads: [String] = []
                    for socket in begun { heads.append(try await socket.receive(until: "\r\n\r\n")) }
                    let stopped = ContinuousClock.now
                    program.send(SIGTERM)
                    let answers = try await withThrowingTaskGroup(of: Reply.self) { group in
                        for (socket, head) in zip(begun, heads) {
                            group.addTask { try Reply(parsing: Array((head + (try await socket.receiveAll())).utf8)) }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(try await program.ended() == .init(code: 0))
                    #expect(ContinuousClock.now - stopped < .seconds(10))
                    #expect(answers.count == 20)
                    for answer in answers {
                        #expect(answer.status == 200 && answer.body.count == whole, "an answer was cut at \(answer.body.count) of \(whole) bytes")
                    }
                    upstream.server.faults.clear()
                }
            }
        }

        @Test(arguments: [true, false]) func `SIGTERM ends open streams at once`(isWebSocket: Bool) async throws {
            try await Upstream.serving(people: 30, posts: 300) { upstream in
                let place = try Place(upstream: upstream.address)
                let visitor = try Visitor("lauscher", named: "Lauscher", at: upstream)
                try await place.serving(Place.quiet + ["--metrics-listen", "127.0.0.1:0"]) { program, port in
                    var streams: [LoopbackSocket] = []
                    for _ in 0..<7 {
                        let socket = try LoopbackSocket(port: port, patience: 60)
                        try await socket.send(
                            "GET /api/v1/streaming/?stream=user&access_token=\(visitor.token) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
                                + (isWebSocket
                                    ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                                    : "\r\n"))
                        #expect(try await socket.receive(until: "\r\n\r\n").hasPrefix(isWebSocket ? "HTTP/1.1 101 " : "HTTP/1.1 200 "))
                        streams.append(socket)
                    }
                    let page = try await send(port: try metricsPort(of: program), "/metrics")
                    #expect(page.text.contains("\nsheltie_open_streams 5\n"), "seven, rounded down to fives")
                    let stopped = ContinuousClock.now
                    program.send(SIGTERM)
                    for stream in streams { _ = try await stream.receiveAll() }
                    #expect(try await program.ended() == .init(code: 0))
                    #expect(ContinuousClock.now - stopped < .seconds(8))
                }
            }
        }

        @Test func `a service with nothing to do stops at once, and a second start finds everything`() async throws {
            let place = try Place()
            try await place.serving { program, _ in
                let stopped = ContinuousClock.now
                program.send(SIGTERM)
                let ending = try await program.ended()
                #expect(ending == .init(code: 0))
                #expect(ContinuousClock.now - stopped < .seconds(5))
            }
            let ready = try await place.serving { _, port in try await send(port: port, "/sheltie/health/ready").status }
            #expect(ready == 200)
        }

        @Test func `an idle service with the demo's posts is small`() async throws {
            try await Upstream.serving(people: 240, posts: 20_000, days: 14) { upstream in
                let place = try Place(upstream: upstream.address)
                try await place.serving { program, port in
                    try await jobsRested(StoredRows(place))
                    let kibibytes = try #require(Self.resident(of: program))
                    print("idle: \(kibibytes / 1_024) MiB resident with \(try StoredRows(place).count("SELECT count(*) FROM post_metadata")) posts")
                    // A debug build; what is shipped is measured by the benchmarks.
                    #expect(kibibytes < 300 * 1_024)
                    #expect(try await send(port: port, "/sheltie/health/live").status == 200)
                }
            }
        }

        /// In KiB.
        private static func resident(of program: Program) -> Int? {
            let status = String(decoding: bytes(of: "/proc/\(program.pid)/status"), as: UTF8.self)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            return line.flatMap { Int($0.filter(\.isNumber)) }
        }
    }
}
