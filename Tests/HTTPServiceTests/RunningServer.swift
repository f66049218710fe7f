import HTTPService
import HTTPTypes
import Telemetry

/// Runs a server on a free port while `body` runs, then stops it.
func withServer<Value: Sendable>(
    limits: ServerLimits = ServerLimits(), respond: @escaping @Sendable (ServerRequest) async -> ServerResponse,
    _ body: @escaping @Sendable (_ port: Int) async throws -> Value
) async throws -> Value {
    let (ports, found) = AsyncStream<Int>.makeStream()
    let server = HTTPServer(
        address: ListenAddress(), limits: limits, logger: .silent,
        onRunning: { found.yield($0) }, respond: respond)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
            try await server.run()
            return nil
        }
        group.addTask {
            var ports = ports.makeAsyncIterator()
            guard let port = await ports.next() else { return nil }
            return try await body(port)
        }
        while let value = try await group.next() {
            guard let value else { continue }
            group.cancelAll()
            return value
        }
        throw CancellationError()
    }
}

/// Answers with what the server saw of the request.
@Sendable func echo(_ request: ServerRequest) async -> ServerResponse {
    let body = (try? await request.body.collect(upTo: 1 << 20)) ?? []
    let fields = request.fields.map { "\($0.name.rawName)=\($0.value)" }.joined(separator: ";")
    return ServerResponse(
        status: 200, fields: [.contentType: "text/plain"],
        body: .bytes(Array("\(request.method) \(request.target) \(request.authority) [\(fields)] ".utf8) + body))
}
