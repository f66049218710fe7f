import DemoInstance
import Fediverse
import HTTPService
import LoopbackClient
import Telemetry
import Testing

/// Over a real connection.
@Suite(.timeLimit(.minutes(1)))
struct DemoFaultsTests {
    private func withDemo(_ body: @escaping @Sendable (DemoServer, Int) async throws -> Void) async throws {
        let (ports, found) = AsyncStream<Int>.makeStream()
        let server = DemoServer(
            world: smallWorld, logger: .silent, clock: { noon },
            onRunning: { found.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await port in ports {
                try await body(server, port)
                break
            }
            group.cancelAll()
        }
    }

    @Test func `a client reads a home timeline over the network`() async throws {
        try await withDemo { server, port in
            let token = try #require(server.issueToken(for: "reader"))
            let reply = try await send(port: port, "/api/v1/timelines/home?limit=5", headers: [("Authorization", "Bearer \(token)")])
            #expect(reply.status == 200 && reply["X-RateLimit-Remaining"] == "299")
            let page = try Value(reply.body)
            #expect(page.ids.count == 5)
            #expect(page[0]["account"]["avatar"].string?.hasPrefix("http://127.0.0.1:\(port)/pictures/avatars/") == true)
        }
    }

    @Test func `faults change what they name, as often as they say`() async throws {
        try await withDemo { server, port in
            server.faults.set("/api/v1/timelines/public") { fault in
                fault.status = 503
                fault.times = 2
                fault.fields = ["Retry-After": "7"]
            }
            let first = try await send(port: port, "/api/v1/timelines/public")
            #expect(first.status == 503 && first["Retry-After"] == "7")
            #expect(try await send(port: port, "/api/v1/instance").status == 200)
            #expect(try await send(port: port, "/api/v1/timelines/public").status == 503)
            #expect(try await send(port: port, "/api/v1/timelines/public").status == 200)
        }
    }

    @Test func `an answer can be an error page, cut, slow or silent`() async throws {
        try await withDemo { server, port in
            let target = "/api/v1/timelines/public"
            let whole = try await send(port: port, target)
            server.faults.set(target) { $0.body = .html }
            #expect(try await send(port: port, target)["Content-Type"] == "text/html")
            server.faults.set(target) { $0.body = .truncated(share: 0.5) }
            let cut = try await send(port: port, target)
            #expect(cut["Content-Length"] == String(whole.body.count) && cut.body == Array(whole.body.prefix(whole.body.count / 2)))
            server.faults.set(target) { fault in
                fault.latency = .milliseconds(20)
                fault.latencyInside = .milliseconds(20)
            }
            let clock = ContinuousClock()
            let start = clock.now
            #expect(try await send(port: port, target).body == whole.body)
            #expect(clock.now - start >= .milliseconds(40))
            server.faults.set(target) { $0.body = .hang }
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await socket.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            socket.close()
            server.faults.clear()
            #expect(try await send(port: port, target).body == whole.body)
        }
    }
}
