import Synchronization

/// Who listens to the server's streams, each with what they are to be told next.
final class DemoListeners: Sendable {
    enum Item: Sendable {
        case event(streams: [String], name: String, payload: JSON)
        case beat
        /// The answer to a client's ping.
        case pong([UInt8])
        case refusal(String)
    }

    private struct Listener {
        let account: Int32
        let token: String
        let base: String
        var streams: Set<DemoStream>
        let items: AsyncStream<Item>.Continuation
    }

    private let listeners = Mutex<(last: Int, all: [Int: Listener])>((0, [:]))

    /// Somebody's place, until it goes.
    final class Place: Sendable {
        let number: Int
        let items: AsyncStream<Item>
        private let listeners: DemoListeners

        fileprivate init(_ number: Int, _ items: AsyncStream<Item>, _ listeners: DemoListeners) {
            self.number = number
            self.items = items
            self.listeners = listeners
        }

        deinit { listeners.listeners.withLock { _ = $0.all.removeValue(forKey: number) } }

        func subscribe(to stream: DemoStream) { listeners.change(number) { $0.streams.insert(stream) } }
        func unsubscribe(from stream: DemoStream) { listeners.change(number) { $0.streams.remove(stream) } }
        func give(_ item: Item) { listeners.change(number) { $0.items.yield(item) } }
        func end() { listeners.change(number) { $0.items.finish() } }
    }

    func enter(_ account: Int32, token: String, base: String, _ streams: Set<DemoStream>) -> Place {
        // Who takes nothing for so long has lost what came after.
        let (items, source) = AsyncStream.makeStream(of: Item.self, bufferingPolicy: .bufferingOldest(1_000))
        return listeners.withLock { listeners in
            listeners.last += 1
            listeners.all[listeners.last] = Listener(account: account, token: token, base: base, streams: streams, items: source)
            return Place(listeners.last, items, self)
        }
    }

    private func change(_ number: Int, _ change: (inout Listener) -> Void) {
        listeners.withLock { if $0.all[number] != nil { change(&$0.all[number]!) } }
    }

    /// Tells everybody what belongs to their streams; called under the state's lock.
    func tell(_ news: [DemoNews], _ state: DemoState) {
        guard !news.isEmpty else { return }
        listeners.withLock { listeners in
            for listener in listeners.all.values {
                for one in news {
                    for stream in listener.streams {
                        guard let told = state.told(one, on: stream, of: listener.account, listener.base) else { continue }
                        listener.items.yield(.event(streams: stream.name, name: told.name, payload: told.payload))
                    }
                }
            }
        }
    }

    /// A sign of life for all, and the end for those whose token is gone.
    func beat(_ state: DemoState) {
        listeners.withLock { listeners in
            for listener in listeners.all.values {
                if state.tokens[listener.token] == nil { listener.items.finish() } else { listener.items.yield(.beat) }
            }
        }
    }

    /// Ends all.
    func stop() { listeners.withLock { for listener in $0.all.values { listener.items.finish() } } }
}
