import HTTPService
import HTTPTypes
import LoopbackClient
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPServerTests {
    @Test func `the target and repeated fields reach the responder byte for byte`() async throws {
        let reply = try await withServer(respond: echo) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET //a/%7Eb?x=1&x=%2f+;&& HTTP/1.1\r\nHost: Example.org:80\r\nX-b: 2\r\nX-A: 1\r\nx-b: 3\r\nConnection: close\r\n\r\n")
            return try await socket.receiveAll()
        }
        #expect(reply.contains("GET //a/%7Eb?x=1&x=%2f+;&& Example.org:80 [X-b=2;X-A=1;x-b=3;Connection=close]"))
    }

    @Test func `fields of an answer keep order and spelling, framing is ours, Date stands once`() async throws {
        let text = try await withServer(respond: { _ in
            var fields = HTTPFields()
            for (name, value) in [
                ("X-Z", "1"), ("Link", "a"), ("Content-Length", "99"), ("Transfer-Encoding", "chunked"), ("x-a", "2"), ("Link", "b"),
                ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ] { if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) } }
            return ServerResponse(status: 206, fields: fields, body: .bytes(Array("hello".utf8)))
        }) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return try await socket.receiveAll()
        }
        #expect(
            text == "HTTP/1.1 206 Partial Content\r\nX-Z: 1\r\nLink: a\r\nx-a: 2\r\nLink: b\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                + "Content-Length: 5\r\nConnection: close\r\n\r\nhello")
    }

    @Test func `one connection serves many requests, also pipelined ones`() async throws {
        let text = try await withServer(respond: echo) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            try await socket.send("GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return try await socket.receiveAll()
        }
        #expect(text.contains("POST /1 a [Content-Length=3] abc"))
        #expect(text.contains("GET /2 a [] "))
        #expect(text.contains("GET /3 a [Connection=close] "))
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
    }

    @Test func `HEAD has the length of GET and no body`() async throws {
        let text = try await withServer(respond: { _ in .json(Array("[1]".utf8)) }) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return try await socket.receiveAll()
        }
        #expect(text.components(separatedBy: "Content-Length: 3").count == 3)
        #expect(!text.contains("[1]"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [204, 304]) func `an answer that may have no body has no length`(status: Int) async throws {
        let reply = try await withServer(respond: { _ in ServerResponse(status: status, body: .bytes([65])) }) { port in
            try await send(port: port, "/")
        }
        #expect(reply.status == status)
        #expect(reply["Content-Length"] == nil)
        #expect(reply.body.isEmpty)
    }

    @Test func `slices of several arrays are one body`() async throws {
        let (page, entry) = (Array("[1,2,3]".utf8), Array("0,".utf8))
        let respond: @Sendable (ServerRequest) async -> ServerResponse = { _ in
            ServerResponse(status: 200, body: .slices([page[..<1], entry[...], page[1...], []]))
        }
        let reply = try await withServer(respond: respond) { port in try await send(port: port, "/") }
        #expect(reply["Content-Length"] == "9")
        #expect(reply.body == Array("[0,1,2,3]".utf8))
    }

    @Test func `a stream of unknown length is chunked and its head does not wait`() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        try await withServer(respond: { _ in
            ServerResponse(status: 200, body: .stream(length: nil) { write in
                for await _ in gate { break }
                try await write(Array("one".utf8))
                try await write(Array("two".utf8))
            })
        }) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let head = try await socket.receive(until: "\r\n\r\n")
            open.yield()
            let body = try await socket.receiveAll()
            #expect(head.contains("Transfer-Encoding: chunked"))
            #expect(body == "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
        }
    }

    @Test func `a stream that breaks off is cut, never ended as if whole`() async throws {
        struct Broken: Error {}
        for length in [nil, 10] {
            let text = try await withServer(respond: { _ in
                ServerResponse(status: 200, body: .stream(length: length) { write in
                    try await write(Array("part".utf8))
                    throw Broken()
                })
            }) { port in
                let socket = try LoopbackSocket(port: port)
                try await socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                return try await socket.receiveAll()
            }
            #expect(text.contains("part"))
            #expect(!text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a large body flows through both ways`() async throws {
        let size = 4 << 20
        let reply = try await withServer(respond: { request in
            ServerResponse(status: 200, body: .stream(length: request.body.length) { write in
                while let chunk = try await request.body.next() { try await write(chunk) }
            })
        }) { port in
            let socket = try LoopbackSocket(port: port)
            async let received: [UInt8] = {
                var all: [UInt8] = []
                while case let bytes = try await socket.receive(), !bytes.isEmpty { all += bytes }
                return all
            }()
            try await socket.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(size)\r\n\r\n")
            try await socket.send((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            return try await Reply(parsing: received)
        }
        #expect(reply.body.count == size)
        #expect(reply.body.enumerated().allSatisfy { $0.element == UInt8(truncatingIfNeeded: $0.offset &* 31) })
    }

    @Test func `a responder that does not read slows the client down`() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        try await withServer(respond: { _ in
            for await _ in gate { break }
            return ServerResponse(status: 200)
        }) { port in
            // 64 MiB fit into no buffer: without back-pressure this would go through.
            let socket = try LoopbackSocket(port: port, patience: 1)
            try await socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(64 << 20)\r\n\r\n")
            await #expect(throws: LoopbackError.self) { try await socket.send([UInt8](repeating: 7, count: 64 << 20)) }
            open.yield()
        }
    }

    @Test func `100 Continue comes when the body is read, and only then`() async throws {
        try await withServer(respond: { request in
            request.target == "/reads" ? await echo(request) : ServerResponse(status: 413)
        }) { port in
            let reading = try LoopbackSocket(port: port)
            try await reading.send("POST /reads HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
            #expect(try await reading.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await reading.send("ok")
            #expect(try await reading.receiveAll().hasSuffix("] ok"))

            let refusing = try LoopbackSocket(port: port)
            try await refusing.send("POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            let answer = try await refusing.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 413"))
            #expect(answer.contains("Connection: close"))
        }
    }

    @Test func `a body that nobody read does not become the next request`() async throws {
        let text = try await withServer(respond: { .json(Array($0.target.utf8)) }) { port in
            let socket = try LoopbackSocket(port: port)
            let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
            try await socket.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)")
            try await socket.send("GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return try await socket.receiveAll()
        }
        #expect(text.contains("/1") && text.contains("/2") && !text.contains("/hidden"))
    }

    @Test func `a client that goes cancels its responder`() async throws {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (cancelled, cancel) = AsyncStream<Void>.makeStream()
        try await withServer(respond: { _ in
            start.yield()
            await withTaskCancellationHandler {
                try? await Task.sleep(for: .seconds(600))
            } onCancel: {
                cancel.yield()
            }
            return ServerResponse(status: 200)
        }) { port in
            let socket = try LoopbackSocket(port: port)
            try await socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for await _ in started { break }
            socket.close()
            for await _ in cancelled { break }
        }
    }
}

extension String {
    fileprivate func components(separatedBy text: String) -> [Substring] { split(separator: text, omittingEmptySubsequences: false) }
}
