import HTTPService
import LoopbackClient
import ServiceLifecycle
import Synchronization
import Telemetry
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ServerLimitsTests {
    @Test func `a head that does not become whole ends the connection`() async throws {
        var limits = ServerLimits()
        limits.headTime = .milliseconds(100)
        let text = try await withServer(limits: limits, respond: echo) { port in
            let silent = try LoopbackSocket(port: port)
            let slow = try LoopbackSocket(port: port)
            try await slow.send("GET / HTTP/1.1\r\nHo")
            return try await silent.receiveAll() + slow.receiveAll()
        }
        #expect(text == "")
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nContent-Length: 2\r\n"])
    func `what a client says before another protocol is agreed on is bounded`(head: String) async throws {
        let whole = 64 << 20
        let sent = try await withServer(respond: { _ in
            try? await Task.sleep(for: .seconds(600))
            return ServerResponse(status: 200, body: .empty)
        }) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send(head + "Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: x\r\n\r\n")
            let piece = [UInt8](repeating: 65, count: 1 << 16)
            var sent = 0
            do {
                while sent < whole {
                    try await socket.send(piece)
                    sent += piece.count
                }
            } catch is LoopbackError {}
            return sent
        }
        // The kernel's buffers hold some of it.
        #expect(sent < whole / 2)
    }

    @Test func `an idle connection ends after the keep-alive time`() async throws {
        var limits = ServerLimits()
        limits.keepAlive = .milliseconds(100)
        let text = try await withServer(limits: limits, respond: echo) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
            return try await socket.receiveAll()
        }
        #expect(text.hasPrefix("HTTP/1.1 200"))
    }

    @Test func `a body that stops coming ends the connection`() async throws {
        var limits = ServerLimits()
        limits.bodyIdle = .milliseconds(100)
        let text = try await withServer(limits: limits, respond: echo) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            return try await socket.receiveAll()
        }
        #expect(text == "")
    }

    @Test func `a client that takes nothing of its answer loses the connection`() async throws {
        var limits = ServerLimits()
        limits.writeIdle = .milliseconds(200)
        let (failures, failed) = AsyncStream<Void>.makeStream()
        try await withServer(limits: limits, respond: { _ in
            ServerResponse(status: 200, body: .stream(length: nil) { write in
                do {
                    while true { try await write([UInt8](repeating: 65, count: 1 << 20)) }
                } catch {
                    failed.yield()
                    throw error
                }
            })
        }) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for await _ in failures { break }
        }
    }

    @Test func `the last request of a connection says so`() async throws {
        var limits = ServerLimits()
        limits.requestsPerConnection = 2
        let text = try await withServer(limits: limits, respond: echo) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 3))
            return try await socket.receiveAll()
        }
        #expect(text.split(separator: "200 OK").count - 1 == 2)
        #expect(text.contains("Connection: close"))
    }

    @Test func `connections past the limit wait for a free place`() async throws {
        var limits = ServerLimits()
        limits.connections = 1
        let text = try await withServer(limits: limits, respond: echo) { port in
            let first = try LoopbackSocket(port: port)
            try await first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await first.receive(until: "/1")
            let second = try LoopbackSocket(port: port)
            try await second.send("GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            first.close()
            return try await second.receiveAll()
        }
        #expect(text.contains("GET /2"))
    }

    @Test func `a graceful stop lets the running answer end and then takes no more`() async throws {
        let (running, run) = AsyncStream<Void>.makeStream()
        let (ports, found) = AsyncStream<Int>.makeStream()
        let (gate, open) = AsyncStream<Void>.makeStream()
        let quiet = Log.silent
        let server = HTTPServer(address: ListenAddress(), logger: quiet, onRunning: { found.yield($0) }) { _ in
            run.yield()
            for await _ in gate { break }
            return .json(Array("done".utf8))
        }
        let group = ServiceGroup(services: [server], logger: quiet.forLibraries)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await port in ports {
                    let socket = try LoopbackSocket(port: port)
                    try await socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    for await _ in running { break }
                    await group.triggerGracefulShutdown()
                    open.yield()
                    let text = try await socket.receiveAll()
                    #expect(text.hasSuffix("done"))
                    break
                }
            }
            try await tasks.waitForAll()
        }
    }

    @Test func `a stop does not wait on a kept connection whose answer, begun before, has ended`() async throws {
        var limits = ServerLimits()
        limits.stopTime = .seconds(600)
        let (ports, found) = AsyncStream<Int>.makeStream()
        let (gate, open) = AsyncStream<Void>.makeStream()
        let quiet = Log.silent
        let server = HTTPServer(address: ListenAddress(), limits: limits, logger: quiet, onRunning: { found.yield($0) }) { _ in
            ServerResponse(status: 200, body: .stream(length: 8) { write in
                try await write(Array("half".utf8))
                for await _ in gate { break }
                try await write(Array("half".utf8))
            })
        }
        let group = ServiceGroup(services: [server], logger: quiet.forLibraries)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await port in ports {
                    let socket = try LoopbackSocket(port: port)
                    try await socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    _ = try await socket.receive(until: "half")
                    await group.triggerGracefulShutdown()
                    // New connections are refused once the stop has reached the server.
                    while (try? LoopbackSocket(port: port)) != nil {}
                    open.yield()
                    let rest = try await socket.receiveAll()
                    #expect(rest == "half")
                    break
                }
            }
            try await tasks.waitForAll()
        }
    }

    @Test func `what a request began goes on when the server is gone`() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let begun = Mutex<Task<String, Never>?>(nil)
        try await withServer { _ in
            let executor = RequestExecutor.current
            let work = Task(executorPreference: executor) {
                for await _ in gate { break }
                await Task.yield()
                return executor == nil ? "outside a request" : "done"
            }
            begun.withLock { $0 = work }
            return .json(Array("answered".utf8))
        } _: { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(try await socket.receiveAll().hasSuffix("answered"))
        }
        open.yield()
        let work = try #require(begun.withLock { $0 })
        #expect(await work.value == "done")
    }

    @Test func `a stop waits no longer than its time for an answer that does not end`() async throws {
        var limits = ServerLimits()
        limits.stopTime = .milliseconds(100)
        let (running, run) = AsyncStream<Void>.makeStream()
        let (ports, found) = AsyncStream<Int>.makeStream()
        let quiet = Log.silent
        let server = HTTPServer(address: ListenAddress(), limits: limits, logger: quiet, onRunning: { found.yield($0) }) { _ in
            run.yield()
            try? await Task.sleep(for: .seconds(600))
            return .json(Array("late".utf8))
        }
        let group = ServiceGroup(services: [server], logger: quiet.forLibraries)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await port in ports {
                    let socket = try LoopbackSocket(port: port)
                    try await socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    for await _ in running { break }
                    await group.triggerGracefulShutdown()
                    _ = try await socket.receiveAll()
                    break
                }
            }
            try await tasks.waitForAll()
        }
    }
}
