/// Takes subscriptions to lists of ours out of what a client says on a socket that is also the instance's: it would be told their ids, and
/// answer with an error that clients show. Everything else passes byte for byte.
struct VirtualSubscriptions {
    /// The header of a frame, and all of one that may be such a message.
    private var held: [UInt8] = []
    /// Bytes of `held` until it can be decided upon.
    private var wanted = 2
    private var isText = false
    /// Of a frame that passes.
    private var passing = 0
    /// What came is no frame of a client: nothing is looked at any more.
    private var isLost = false

    /// Of a message that is looked at.
    private static let longest = 4_096

    /// - Parameter isLooking: while false only where frames end is read.
    /// - Returns: what passes now.
    mutating func take(_ bytes: [UInt8], isLooking: Bool) -> [UInt8] {
        if isLost { return bytes }
        var passed: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty, !isLost {
            if passing > 0 {
                let part = rest.prefix(passing)
                passed += part
                passing -= part.count
                rest = rest.dropFirst(part.count)
                continue
            }
            let part = rest.prefix(wanted - held.count)
            held += part
            rest = rest.dropFirst(part.count)
            while held.count == wanted, !held.isEmpty { passed += decided(isLooking) }
        }
        return passed + rest
    }

    /// What was held back when the client has said its last.
    mutating func finish() -> [UInt8] {
        defer { held = [] }
        return held
    }

    /// - Returns: what passes of that which is held; or more of it is wanted.
    private mutating func decided(_ isLooking: Bool) -> [UInt8] {
        if isText {
            isText = false
            return isLooking && Self.isOfOurs(held) ? dropped() : released()
        }
        let size = Self.headerSize(held[1])
        // Always masked, and nothing is compressed: that is not offered to the instance.
        guard held[0] & 0x70 == 0, held[1] & 0x80 != 0 else { return lost() }
        if held.count < size {
            wanted = size
            return []
        }
        let short = UInt64(held[1] & 0x7F)
        let length = short < 126 ? short : held[2..<size - 4].reduce(0) { $0 << 8 | UInt64($1) }
        guard length < 1 << 62 else { return lost() }
        guard isLooking, held[0] == 0x81, length > 0, length <= Self.longest else {
            passing = Int(length)
            return released()
        }
        isText = true
        wanted = size + Int(length)
        return []
    }

    private mutating func dropped() -> [UInt8] {
        held = []
        wanted = 2
        return []
    }

    private mutating func released() -> [UInt8] {
        defer { _ = dropped() }
        return held
    }

    private mutating func lost() -> [UInt8] {
        isLost = true
        return released()
    }

    private static func headerSize(_ second: UInt8) -> Int {
        switch second & 0x7F {
        case 126: 8
        case 127: 14
        default: 6
        }
    }

    /// - Parameter frame: a whole one, masked.
    private static func isOfOurs(_ frame: [UInt8]) -> Bool {
        let size = headerSize(frame[1])
        let mask = frame[(size - 4)..<size]
        let text = frame[size...].enumerated().map { $1 ^ mask[mask.startIndex + ($0 & 3)] }
        guard let message = try? FlatJSON(text), message["stream"] == .string("list"),
            message["type"] == .string("subscribe") || message["type"] == .string("unsubscribe")
        else { return false }
        return switch message["list"] {
        case .string(let id): VirtualList(id: id) != nil
        case .integer(let id): VirtualList(id: String(id)) != nil
        default: false
        }
    }
}
