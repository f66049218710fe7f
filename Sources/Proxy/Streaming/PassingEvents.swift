import HTTPService
import Synchronization
import Upstream

/// Deletions and edits that are seen in passing, for whoever acts on stored statuses. Nothing else is kept of a stream, and nobody
/// is told whose stream it was.
final class PassingEvents: Sendable {
    private let events: AsyncStream<EventStreamParser.Event>
    private let source: AsyncStream<EventStreamParser.Event>.Continuation
    private let take: @Sendable (StatusStream.Event) async throws -> Void
    /// The same deletion passes on many streams at once. Hashes under a key of this process.
    private let lately = Mutex<(order: [Int], known: Set<Int>)>(([], []))

    /// Waiting at most; what comes beyond them the re-check finds.
    private static let capacity = 1_024

    init(_ take: @escaping @Sendable (StatusStream.Event) async throws -> Void) {
        self.take = take
        (events, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    /// Never waits: a stream is not held up by what is seen on it.
    func note(_ event: EventStreamParser.Event) {
        guard event.name == "delete" || event.name == "status.update" else { return }
        var hasher = Hasher()
        hasher.combine(event.name)
        hasher.combine(event.data)
        let hash = hasher.finalize()
        let isNew = lately.withLock { lately in
            guard lately.known.insert(hash).inserted else { return false }
            lately.order.append(hash)
            if lately.order.count > Self.capacity { lately.known.remove(lately.order.removeFirst()) }
            return true
        }
        if isNew { source.yield(event) }
    }

    /// Acts on one after the other until it is cancelled.
    func run() async {
        for await event in events {
            guard let understood = StatusStream.understood(event) else { continue }
            // Where the database fails the re-check does it.
            try? await take(understood)
        }
    }
}

/// What one stream's bytes say, read beside their way.
struct StreamEars {
    private enum Form {
        case events(EventStreamParser)
        case frames(WebSocketReader)
    }

    private var form: Form
    private let watch: StreamWatch
    private let passing: PassingEvents

    /// While the watch does not look, server-sent events are not read at all, and of frames only where they end: who begins to look
    /// in the middle must know where the next begins.
    init(isWebSocket: Bool, watch: StreamWatch, passing: PassingEvents) {
        form = isWebSocket ? .frames(WebSocketReader()) : .events(EventStreamParser())
        self.watch = watch
        self.passing = passing
    }

    mutating func hear(_ bytes: [UInt8]) {
        let isLooking = watch.isLooking
        switch form {
        case .events(var parser):
            guard isLooking else {
                form = .events(EventStreamParser())
                return
            }
            // Taken out while it works: two owners would copy what it holds.
            form = .events(EventStreamParser())
            for event in parser.take(bytes) { passing.note(event) }
            form = .events(parser)
        case .frames(var reader):
            form = .frames(WebSocketReader())
            if reader.readsTexts != isLooking { reader.readsTexts = isLooking }
            for case .text(let message) in reader.take(bytes) {
                if let event = StatusStream.event(inMessage: message) { passing.note(event) }
            }
            form = .frames(reader)
        }
    }
}
