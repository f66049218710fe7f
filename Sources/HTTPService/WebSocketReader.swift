/// Messages out of the bytes of a WebSocket, which come in any pieces; frames in parts are put together.
///
/// Compressed messages and those longer than the limit are left out; what follows is read again. After what is no frame nothing
/// more is read.
public struct WebSocketReader: Sendable {
    public enum Message: Sendable, Equatable {
        case text([UInt8])
        case ping([UInt8])
        case close
    }

    /// While false texts are left out: of frames only where they end is read.
    public var readsTexts = true {
        didSet {
            guard !readsTexts else { return }
            isLeftOut = true
            message = []
        }
    }

    private let limit: Int
    private let isMasked: Bool
    private var header: [UInt8] = []
    private var left = 0
    private var mask: [UInt8] = []
    private var maskIndex = 0
    private var opcode: UInt8 = 0
    private var isFinal = false
    private var control: [UInt8] = []
    /// Of the message that a text frame began and whose last frame has not come.
    private var message: [UInt8] = []
    private var isText = false
    private var isLeftOut = false
    private var isBroken = false

    /// - Parameters:
    ///   - limit: bytes of one message.
    ///   - isMasked: as a client's frames are, and a server's never.
    public init(limit: Int = 1 << 20, isMasked: Bool = false) {
        self.limit = limit
        self.isMasked = isMasked
    }

    /// - Returns: the messages that have become whole.
    public mutating func take(_ bytes: [UInt8]) -> [Message] {
        var messages: [Message] = []
        var rest = bytes[...]
        while !isBroken, !rest.isEmpty {
            if left == 0 {
                header.append(rest.removeFirst())
                guard header.count == headerLength else { continue }
                begin()
            } else {
                let part = rest.prefix(left)
                rest = rest.dropFirst(part.count)
                left -= part.count
                keep(part)
            }
            if !isBroken, left == 0, header.isEmpty, let one = end() { messages.append(one) }
        }
        return messages
    }

    /// As far as the bytes that have come tell.
    private var headerLength: Int {
        guard header.count >= 2 else { return 2 }
        let extra = switch header[1] & 0x7F { case 126: 2; case 127: 8; default: 0 }
        return 2 + extra + (isMasked ? 4 : 0)
    }

    private mutating func begin() {
        defer { header.removeAll() }
        opcode = header[0] & 0x0F
        isFinal = header[0] & 0x80 != 0
        let isCompressed = header[0] & 0x40 != 0
        var end = 2
        var length = UInt64(header[1] & 0x7F)
        if length >= 126 {
            end += length == 126 ? 2 : 8
            length = header[2..<end].reduce(0) { $0 << 8 | UInt64($1) }
        }
        mask = Array(header[end...])
        maskIndex = 0
        guard header[0] & 0x30 == 0, (header[1] & 0x80 != 0) == isMasked, length < 1 << 62 else { return isBroken = true }
        left = Int(length)
        switch opcode {
        case 0: break
        case 1, 2:
            message.removeAll()
            isText = opcode == 1
            isLeftOut = isCompressed || !readsTexts
        case 8, 9, 10:
            control.removeAll()
            isBroken = !isFinal || length > 125
        default: isBroken = true
        }
        if opcode < 8, isText, !isLeftOut, message.count + left > limit {
            isLeftOut = true
            message.removeAll()
        }
    }

    private mutating func keep(_ part: ArraySlice<UInt8>) {
        let isControl = opcode >= 8
        guard isControl || isText && !isLeftOut else { return }
        var part = Array(part)
        if isMasked {
            for index in part.indices { part[index] ^= mask[(maskIndex + index) & 3] }
            maskIndex += part.count
        }
        if isControl { control += part } else { message += part }
    }

    /// A frame is whole.
    private mutating func end() -> Message? {
        switch opcode {
        case 8: return .close
        case 9: return .ping(control)
        case 10: return nil
        default:
            guard isFinal, isText else { return nil }
            defer {
                message = []
                isText = false
            }
            return isLeftOut ? nil : .text(message)
        }
    }
}
