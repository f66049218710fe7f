internal import CCurl

/// A transfer in libcurl's hands: its easy handle, and what its callbacks have seen. It lives and dies on the engine's thread.
final class RunningTransfer {
    let transfer: Transfer
    let easy: UnsafeMutableRawPointer
    /// Outlives every transfer in it.
    unowned let engine: Engine
    var isTouched = false
    /// Why we broke the transfer off in a callback: libcurl then only says that a callback refused.
    var failure: CurlError?
    var refusal: CurlError?
    var head = AnswerHead()
    var received = 0
    /// Bytes of the request's body that libcurl has taken.
    var sent = 0
    var isSending: Bool
    var isHeldBack = false
    /// The request has been handed to a connection this many times.
    var attempts = 0
    private let start: ContinuousClock.Instant
    private var lastActivity: ContinuousClock.Instant
    private var lines: UnsafeMutablePointer<curl_slist>?
    /// Once the connection is ours: what goes over it without libcurl's HTTP.
    var tunnel: Tunnel?

    init(_ transfer: Transfer, easy: UnsafeMutableRawPointer, engine: Engine) {
        self.transfer = transfer
        self.easy = easy
        self.engine = engine
        isSending = transfer.request.bodyLength != 0
        start = engine.now
        lastActivity = engine.now
    }

    /// - Parameters:
    ///   - context: what this was registered with; the engine holds the transfer as long as libcurl has it.
    static func of(_ context: UnsafeMutableRawPointer) -> RunningTransfer {
        Unmanaged.fromOpaque(context).takeUnretainedValue()
    }

    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    func noteActivity() {
        lastActivity = engine.now
        engine.touch(self)
    }

    func resume() {
        isHeldBack = false
        noteActivity()
        if tunnel != nil { return pump() }
        // Both ways: whichever has still nothing to do stops again in its callback.
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// What will end the transfer next, unless something happens before.
    var deadline: (at: ContinuousClock.Instant, stage: String) {
        let limits = transfer.request.limits
        var next: (at: ContinuousClock.Instant, stage: String)
        if attempts == 0 {
            next = (start + limits.connect, "connect")
            if limits.firstByte < limits.connect { next = (start + limits.firstByte, "firstByte") }
        } else if isSending && !head.isComplete {
            next = (lastActivity + limits.idle, "idle")
        } else if !head.isComplete {
            // Without a body nothing has moved this since the start; with one, from its last byte.
            next = ((sent > 0 ? lastActivity : start) + limits.firstByte, "firstByte")
        } else if isHeldBack {
            // The silence is our reader's.
            next = (engine.now + .seconds(3600), "idle")
        } else {
            next = (lastActivity + limits.idle, "idle")
        }
        if let total = limits.total, start + total < next.at { next = (start + total, "total") }
        return next
    }

    func append(line: [UInt8]) throws(CurlError) {
        let longer = line.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { curl_slist_append(lines, $0.baseAddress) }
        }
        guard let longer else { throw .other(code: Int(CURLE_OUT_OF_MEMORY.rawValue)) }
        lines = longer
    }

    /// The head of the list, once all are in it.
    var allLines: UnsafeMutablePointer<curl_slist>? { lines }

    /// After libcurl has let go of them.
    func freeLines() {
        curl_slist_free_all(lines)
        lines = nil
    }
}
