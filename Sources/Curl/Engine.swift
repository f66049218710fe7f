internal import CCurl

/// What runs on the thread: libcurl's multi handle, the transfers in it, and their deadlines. Nothing here is shared.
final class Engine {
    let multi: UnsafeMutableRawPointer
    let loop: TransferLoop
    let settings: CurlSettings
    /// Read once a turn.
    private(set) var now = ContinuousClock.now
    private var running: [ObjectIdentifier: RunningTransfer] = [:]
    /// Those whose connection is ours, by its socket. libcurl has nothing to do for them.
    private var tunnels: [Int32: RunningTransfer] = [:]
    private let sockets = SocketWatch()
    /// Easy handles that have served: each keeps its TLS sessions, and setting one up anew costs more than a reset.
    private var spare: [UnsafeMutableRawPointer] = []
    private static let mostSpare = 64
    /// Those that something happened to in this turn.
    private var touched: [RunningTransfer] = []
    /// No deadline passes before this.
    private var nextCheck: ContinuousClock.Instant?

    init(_ multi: MultiHandle, settings: CurlSettings, loop: TransferLoop) {
        self.multi = multi.pointer
        self.settings = settings
        self.loop = loop
        curl_set(CURLMOPT_MAX_HOST_CONNECTIONS, settings.connectionsPerHost)
        curl_set(CURLMOPT_MAXCONNECTS, max(1, settings.idleConnections))
        curl_set(CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    }

    private func curl_set(_ option: CURLMoption, _ value: Int) {
        let code = ccurl_multi_set_long(multi, option, value)
        precondition(code == CURLM_OK, "libcurl knows no option \(option.rawValue)")
    }

    func run() {
        while true {
            let mail = loop.mail()
            for command in mail.commands { obey(command) }
            if mail.isStopping { break }
            // It looks at every handle, and would look at thousands of silent streams for nothing.
            if running.count > tunnels.count {
                var count: Int32 = 0
                let code = curl_multi_perform(multi, &count)
                precondition(code == CURLM_OK, "libcurl's handles are broken: \(code.rawValue)")
                collectEnded()
            }
            checkDeadlines()
            settleTouched()
            var sockets = curl_waitfd(fd: self.sockets.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
            curl_multi_poll(multi, &sockets, 1, pollMilliseconds(), nil)
            now = ContinuousClock.now
            for socket in self.sockets.ready() { tunnels[socket]?.pump() }
        }
        for transfer in Array(running.values) { end(transfer, .cancelled) }
        settleTouched()
        loop.close()
        for easy in spare { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
    }

    /// The task is woken at the end of the turn, once for all that came in it.
    func touch(_ transfer: RunningTransfer) {
        if transfer.isTouched { return }
        transfer.isTouched = true
        touched.append(transfer)
    }

    private func obey(_ command: TransferLoop.Command) {
        switch command {
        case .start(let transfer): start(transfer)
        case .resume(let transfer):
            if let one = running[ObjectIdentifier(transfer)] { one.resume() }
        case .drop(let transfer):
            if let one = running[ObjectIdentifier(transfer)] { end(one, .cancelled) }
        }
    }

    private func start(_ transfer: Transfer) {
        if transfer.isOver { return }
        guard let easy = spare.popLast() ?? curl_easy_init() else {
            transfer.finish(.other(code: Int(CURLE_OUT_OF_MEMORY.rawValue)))
            return transfer.wakeReaders()
        }
        now = ContinuousClock.now
        let one = RunningTransfer(transfer, easy: easy, engine: self)
        running[ObjectIdentifier(transfer)] = one
        touch(one)
        do {
            try one.setOptions(settings)
        } catch {
            return end(one, error)
        }
        let code = curl_multi_add_handle(multi, easy)
        if code != CURLM_OK { end(one, .other(code: Int(code.rawValue))) }
    }

    private func collectEnded() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle, let context = ccurl_private(easy) else { continue }
            let one = RunningTransfer.of(context)
            let code = ccurl_result(message)
            if one.transfer.isUpgrade, code == CURLE_OK {
                begin(one)
            } else {
                end(one, one.error(for: code))
            }
        }
    }

    private func begin(_ one: RunningTransfer) {
        do throws(CurlError) {
            try one.beginTunnel()
        } catch {
            end(one, error)
        }
    }

    /// - Returns: false where the system takes no more of them.
    func watch(_ socket: Int32, for one: RunningTransfer) -> Bool {
        guard sockets.add(socket) else { return false }
        tunnels[socket] = one
        return true
    }

    func end(_ one: RunningTransfer, _ error: CurlError?) {
        guard running.removeValue(forKey: ObjectIdentifier(one.transfer)) != nil else { return }
        if let socket = one.tunnel?.socket {
            sockets.remove(socket)
            tunnels[socket] = nil
            one.endTunnel()
        }
        // Closes a connection that was ours, too.
        curl_multi_remove_handle(multi, one.easy)
        curl_easy_reset(one.easy)
        if spare.count < Self.mostSpare, !one.transfer.isUpgrade {
            spare.append(one.easy)
        } else {
            curl_easy_cleanup(one.easy)
        }
        one.freeLines()
        one.transfer.finish(error)
        touch(one)
    }

    private func checkDeadlines() {
        guard let check = nextCheck, check <= now else { return }
        for one in Array(running.values) {
            let deadline = one.deadline
            if deadline.at <= now { end(one, .timedOut(stage: deadline.stage)) }
        }
        nextCheck = running.values.lazy.map(\.deadline.at).min()
    }

    private func settleTouched() {
        for one in touched {
            one.isTouched = false
            one.transfer.wakeReaders()
            let deadline = one.deadline.at
            if nextCheck.map({ deadline < $0 }) ?? true { nextCheck = deadline }
        }
        touched.removeAll(keepingCapacity: true)
    }

    private func pollMilliseconds() -> Int32 {
        guard let nextCheck else { return 60_000 }
        let (seconds, attoseconds) = (nextCheck - ContinuousClock.now).components
        if seconds >= 60 { return 60_000 }
        // Rounded up, so that the deadline has passed when the poll ends.
        return max(0, Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1)
    }
}
