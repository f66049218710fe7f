/// The part of a streamed request body that its source has given and libcurl has not taken.
///
/// Its owner's lock guards it.
struct UploadQueue: Sendable {
    private var bytes: [UInt8] = []
    private var offset = 0
    private var hasEnded = false
    private var isClosed = false
    private var isStarved = false
    private var waiter: CheckedContinuation<Void, Never>?

    /// Bytes that wait here before the source is held back.
    private static let window = 256 * 1024

    private var count: Int { bytes.count - offset }

    /// libcurl has taken all, or wants no more.
    var isOver: Bool { isClosed || hasEnded && count == 0 }

    var isWanted: Bool { !isClosed }

    enum Taken: Equatable {
        case bytes(Int)
        case nothingYet
        case end
        /// Asked although no more is wanted: an end here would make a part look like the whole.
        case refused
    }

    /// - Returns: whether bytes are still wanted, and whether libcurl has been told to wait for them.
    mutating func append(_ chunk: [UInt8]) -> (isWanted: Bool, wasStarved: Bool) {
        guard !isClosed else { return (false, false) }
        if count == 0 {
            bytes = chunk
            offset = 0
        } else {
            if offset > Self.window {
                bytes.removeSubrange(..<offset)
                offset = 0
            }
            bytes += chunk
        }
        defer { isStarved = false }
        return (true, isStarved)
    }

    mutating func end() {
        hasEnded = true
    }

    /// No more is wanted, and what is here is not either.
    mutating func close() {
        isClosed = true
        bytes = []
        offset = 0
    }

    /// - Returns: false when there is room.
    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard !isClosed, count >= Self.window else { return false }
        waiter = continuation
        return true
    }

    /// The source that waits, when it may go on.
    mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
        guard isClosed || count <= Self.window / 2 else { return nil }
        defer { waiter = nil }
        return waiter
    }

    mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> Taken {
        if isClosed { return .refused }
        if count == 0 {
            if hasEnded { return .end }
            isStarved = true
            return .nothingYet
        }
        let taken = min(count, buffer.count)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + taken])) }
        offset += taken
        return .bytes(taken)
    }
}
