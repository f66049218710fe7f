import Curl
import Glibc
import Synchronization
import Testing

/// A client as the tests use it: loopback and http allowed.
func loopbackClient(connectionsPerHost: Int = 256) -> CurlClient {
    CurlClient(CurlSettings(allowedLoopback: true, connectionsPerHost: connectionsPerHost))
}

extension CurlRequest.Limits {
    /// Long enough for a loaded machine, and one of them short.
    static func short(
        connect: Duration = .seconds(10), firstByte: Duration = .seconds(20), idle: Duration = .seconds(20), total: Duration? = .seconds(60)
    ) -> Self {
        Self(connect: connect, firstByte: firstByte, idle: idle, total: total)
    }
}

/// The error that `body` ends with; nil, and an issue, when it ends without.
func failure<Value>(
    _ location: SourceLocation = #_sourceLocation, of body: () async throws(CurlError) -> Value
) async -> CurlError? {
    do {
        _ = try await body()
        Issue.record("no error", sourceLocation: location)
        return nil
    } catch {
        return error
    }
}

/// Something that happens once, on a thread or in a task, and that a task waits for.
final class Signal: Sendable {
    private let state = Mutex<(happened: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func happen() {
        let waiting = state.withLock { state in
            state.happened = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    var hasHappened: Bool { state.withLock { $0.happened } }

    /// For the threads of a server.
    func blockUntilHappened() {
        while !hasHappened { sched_yield() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let happened = state.withLock { state in
                if !state.happened { state.waiting.append(continuation) }
                return state.happened
            }
            if happened { continuation.resume() }
        }
    }
}

/// Bytes that a reader can check by their place alone: a table whose length is a prime, over and over.
func pattern(from start: Int, count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
        let offset = (start + bytes.count) % table.count
        bytes += table[offset..<min(table.count, offset + count - bytes.count)]
    }
    return bytes
}

private let table: [UInt8] = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }

/// Whether what comes is the pattern.
struct PatternCheck {
    private(set) var count = 0
    private(set) var isIntact = true

    mutating func add(_ bytes: [UInt8]) {
        isIntact = isIntact && bytes == pattern(from: count, count: bytes.count)
        count += bytes.count
    }
}

func setEnvironment(_ name: String, _ value: String?) {
    if let value { setenv(name, value, 1) } else { unsetenv(name) }
}
