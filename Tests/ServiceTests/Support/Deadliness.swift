import Dispatch
import Glibc
import Synchronization

/// The moments at which a process is killed, chosen from outside: the program has no hook that could behave otherwise than
/// what is shipped. Time reaches every place; the write-ahead log's own writes, seen through inotify, reach the inside of
/// transactions, before, between and after their commits; acknowledgements reach the moment after an answer.
enum Deadliness: Sendable, Equatable {
    case after(Duration)
    /// At the n-th change of the log's file that can be told apart from the one before.
    case atLogWrite(Int)
    case atAcknowledgement(Int)
}

/// Counts the writes to one file, and kills at a given one.
final class WriteWatch: Sendable {
    private let descriptor: Int32
    private let name: String
    private let state = Mutex((count: 0, deadly: Int.max, isEnded: false))
    private let victim = Mutex<Program?>(nil)

    /// - Parameter path: a file that need not be there yet, in a folder that is.
    init(_ path: String) throws {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        name = String(path[path.index(after: slash)...])
        descriptor = inotify_init1(Int32(IN_CLOEXEC))
        guard descriptor >= 0, inotify_add_watch(descriptor, String(path[..<slash]), UInt32(IN_MODIFY)) >= 0 else {
            throw Program.Failure(description: "writes cannot be watched")
        }
        DispatchQueue(label: "watch").async { [self] in watch() }
    }

    deinit { close(descriptor) }

    var count: Int { state.withLock(\.count) }

    /// Kills `program` at the write of this number, at once if that is past.
    func kill(_ program: Program, at number: Int) {
        victim.withLock { $0 = program }
        let isPast = state.withLock { state in
            state.deadly = number
            return state.count >= number
        }
        if isPast { program.send(SIGKILL) }
    }

    /// Lets the watching thread go.
    func end() { state.withLock { $0.isEnded = true } }

    private func watch() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !state.withLock(\.isEnded) {
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 100) > 0 else { continue }
            let length = read(descriptor, &buffer, buffer.count)
            guard length > 0 else { continue }
            let changes = changes(in: buffer[..<length])
            let isTime = state.withLock { state in
                state.count += changes
                return state.count >= state.deadly
            }
            if isTime { victim.withLock { $0 }?.send(SIGKILL) }
        }
    }

    private func changes(in events: ArraySlice<UInt8>) -> Int {
        var found = 0
        events.withUnsafeBytes { bytes in
            var offset = 0
            let head = MemoryLayout<inotify_event>.size
            while offset + head <= bytes.count {
                let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                let text = bytes[(offset + head)..<(offset + head + Int(event.len))].prefix { $0 != 0 }
                if text.elementsEqual(name.utf8) { found += 1 }
                offset += head + Int(event.len)
            }
        }
        return found
    }
}

/// Kills a program after a time and waits for its end; one that ended before was faster.
func kill(_ program: Program, after delay: Duration) async throws {
    let nanoseconds = Int(delay / .nanoseconds(1))
    DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { program.send(SIGKILL) }
    _ = try await program.ended()
}
