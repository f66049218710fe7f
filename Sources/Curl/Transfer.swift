internal import Synchronization

/// One request and its answer, as the thread that drives it and the task that waits for it share them.
///
/// The thread puts bytes in and wakes the task once a turn; the task takes bytes out and asks the thread to go on.
final class Transfer: Sendable {
    let request: CheckedRequest
    let loop: TransferLoop
    /// Another protocol follows the head: bytes both ways until one side ends.
    let isUpgrade: Bool
    private let state: Mutex<State>

    /// What a task waits for.
    enum Event {
        /// The final head; with a streamed body, that no more of it is wanted either.
        case head
        case bytes
        case end
    }

    private enum Ending {
        case complete
        case failed(CurlError)
    }

    private struct State {
        var head: AnswerHead?
        var bytes: [UInt8] = []
        var isCollecting: Bool
        var isHeldBack = false
        var ending: Ending?
        var waiter: (event: Event, continuation: CheckedContinuation<Void, Never>)?
        var upload = UploadQueue()

        func has(_ event: Event) -> Bool {
            switch event {
            case _ where ending != nil: true
            case .head: head.map { $0.status == 101 || upload.isOver } ?? false
            case .bytes: !bytes.isEmpty
            case .end: false
            }
        }
    }

    /// Bytes that wait for a slow reader before the peer is held back.
    static let window = 256 * 1024

    init(_ request: CheckedRequest, on loop: TransferLoop, collecting: Bool, isUpgrade: Bool = false) {
        self.request = request
        self.loop = loop
        self.isUpgrade = isUpgrade
        state = Mutex(State(isCollecting: collecting))
        if request.bodyLength == 0, !isUpgrade { endUpload() }
        if case .bytes = request.body { endUpload() }
    }

    // MARK: The task's side

    /// Sends a streamed body, if there is one, and waits.
    func run(until event: Event) async {
        guard case .stream(let length, let pull) = request.body, request.bodyLength != 0 else { return await wait(for: event) }
        await withTaskGroup { group in
            group.addTask { await self.send(pull, length: length) }
            await wait(for: .head)
            group.cancelAll()
        }
        await wait(for: event)
    }

    func wait(for event: Event) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isHere = state.withLock { state in
                    if state.has(event) { return true }
                    precondition(state.waiter == nil, "one reader at a time")
                    state.waiter = (event, continuation)
                    return false
                }
                if isHere { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    func head() throws(CurlError) -> AnswerHead {
        let (head, ending) = state.withLock { ($0.head, $0.ending) }
        // The head of an answer whose body broke off is good: the reader of the body is told.
        if let head { return head }
        if case .failed(let error) = ending { throw error }
        throw .brokenAnswer
    }

    enum Taken {
        case bytes([UInt8])
        case complete
        case failed(CurlError)
        case nothingYet
    }

    func take() -> Taken {
        var resumes = false
        let taken: Taken = state.withLock { state in
            if !state.bytes.isEmpty {
                resumes = state.isHeldBack && state.ending == nil
                state.isHeldBack = false
                let bytes = state.bytes
                state.bytes = []
                return .bytes(bytes)
            }
            return switch state.ending {
            case nil: .nothingYet
            case .complete: .complete
            case .failed(let error): .failed(error)
            }
        }
        if resumes { loop.post(.resume(self)) }
        return taken
    }

    /// From here on nothing is held back: the reader wants all of it at once.
    func collectWhole() {
        let resumes = state.withLock { state in
            state.isCollecting = true
            guard state.isHeldBack, state.ending == nil else { return false }
            state.isHeldBack = false
            return true
        }
        if resumes { loop.post(.resume(self)) }
    }

    func takeWhole() throws(CurlError) -> [UInt8] {
        let (bytes, ending) = state.withLock { state in
            let bytes = state.bytes
            state.bytes = []
            return (bytes, state.ending)
        }
        if case .failed(let error) = ending { throw error }
        return bytes
    }

    /// Ends the transfer now, unless it is over; the thread takes its handle down a moment later.
    func cancel() {
        if finish(.cancelled) {
            wakeReaders()
            loop.post(.drop(self))
        }
    }

    // MARK: The thread's side

    var isOver: Bool { state.withLock { $0.ending != nil } }

    /// Ends the sending of a body at a status of 300 or above, as libcurl does.
    func accept(_ head: AnswerHead) {
        state.withLock { state in
            state.head = head
            if head.status >= 300 { state.upload.close() }
        }
    }

    enum Acceptance { case taken, heldBack, over }

    /// - Parameters:
    ///   - expected: bytes still to come, these included; nil when not known.
    func append(_ chunk: UnsafeRawBufferPointer, expected: Int?) -> Acceptance {
        state.withLock { state in
            guard state.ending == nil else { return .over }
            if !state.isCollecting && state.bytes.count >= Self.window {
                state.isHeldBack = true
                return .heldBack
            }
            if state.bytes.isEmpty {
                // A length is only a claim: a large one is believed as its bytes come.
                let most = state.isCollecting ? 8 << 20 : Self.window
                state.bytes.reserveCapacity(max(min(expected ?? 2 * chunk.count, most), chunk.count))
            }
            state.bytes.append(contentsOf: chunk)
            return .taken
        }
    }

    /// Whether `append` would take bytes now; if not, the reader asks for more when it has taken these.
    func hasRoom() -> Bool {
        state.withLock { state in
            if state.bytes.count >= Self.window { state.isHeldBack = true }
            return state.ending == nil && state.bytes.count < Self.window
        }
    }

    /// - Returns: false when the transfer was over before.
    @discardableResult
    func finish(_ error: CurlError?) -> Bool {
        state.withLock { state in
            guard state.ending == nil else { return false }
            state.ending = error.map { .failed($0) } ?? .complete
            if error == .cancelled { state.bytes = [] }
            state.upload.close()
            return true
        }
    }

    /// Wakes the tasks whose event has come.
    func wakeReaders() {
        let (reader, source) = state.withLock { state in
            var reader: CheckedContinuation<Void, Never>?
            if let waiter = state.waiter, state.has(waiter.event) {
                reader = waiter.continuation
                state.waiter = nil
            }
            return (reader, state.upload.takeWaiter())
        }
        reader?.resume()
        source?.resume()
    }

    func takeUpload(into buffer: UnsafeMutableRawBufferPointer) -> UploadQueue.Taken {
        state.withLock { $0.upload.take(into: buffer) }
    }

    // MARK: The streamed body

    private func send(_ pull: @Sendable () async throws -> [UInt8]?, length: Int?) async {
        var sent = 0
        do {
            while let chunk = try await pull() {
                sent += chunk.count
                if let length, sent > length { return abandon() }
                guard await offer(chunk) else { return }
            }
        } catch {
            return abandon()
        }
        if let length, sent != length { return abandon() }
        finishUpload()
    }

    /// The source has failed: a matter only as long as more of it is wanted.
    private func abandon() {
        if state.withLock({ $0.upload.isWanted }) { cancel() }
    }

    /// - Returns: false when no more is wanted.
    func offer(_ chunk: [UInt8]) async -> Bool {
        let (isWanted, resumes) = state.withLock { $0.upload.append(chunk) }
        if resumes { loop.post(.resume(self)) }
        guard isWanted else { return false }
        await withCheckedContinuation { continuation in
            let waits = state.withLock { $0.upload.wait(continuation) }
            if !waits { continuation.resume() }
        }
        return state.withLock { $0.upload.isWanted }
    }

    /// The source gives no more.
    func finishUpload() {
        endUpload()
        loop.post(.resume(self))
    }

    private func endUpload() {
        state.withLock { $0.upload.end() }
    }
}
