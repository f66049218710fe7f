/// Server-sent events out of bytes that come in any pieces (the HTML standard, "Server-sent events").
///
/// An event that is longer than the limit is left out whole; what follows is read again.
public struct EventStreamParser: Sendable {
    public struct Event: Sendable, Equatable {
        /// `message` where the server names none.
        public var name: String
        public var data: String

        public init(name: String, data: String) {
            self.name = name
            self.data = data
        }
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var isTooLong = false
    private var afterReturn = false
    private var isFirstLine = true

    /// - Parameter limit: bytes of one event, its name and all its lines.
    public init(limit: Int = 1 << 20) { self.limit = limit }

    /// - Returns: the events that have become whole.
    public mutating func take(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            if afterReturn {
                afterReturn = false
                if byte == UInt8(ascii: "\n") { continue }
            }
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                if line.count + data.count < limit { line.append(byte) } else { isTooLong = true }
                continue
            }
            afterReturn = byte == UInt8(ascii: "\r")
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        // A comment: the server says that it is there.
        if colon == 0 { return nil }
        var value = line[(colon.map { $0 + 1 } ?? line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch String(decoding: line[..<(colon ?? line.endIndex)], as: UTF8.self) {
        case "event": name = Array(value)
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            data += value
            hasData = true
        default: break
        }
        return nil
    }

    private mutating func endEvent() -> Event? {
        defer {
            (name, data) = ([], [])
            (hasData, isTooLong) = (false, false)
        }
        guard hasData, !isTooLong else { return nil }
        return Event(name: name.isEmpty ? "message" : String(decoding: name, as: UTF8.self), data: String(decoding: data, as: UTF8.self))
    }
}
