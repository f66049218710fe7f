internal import CCurl
internal import Glibc
internal import Synchronization

/// The way to the thread that drives all transfers: commands go in by `post`, answers come back through each `Transfer`.
///
/// The thread owns the engine with everything of libcurl's; the one call that others make is `curl_multi_wakeup`, under the
/// lock that also guards the end of the handle.
final class TransferLoop: Sendable {
    let policy: AddressPolicy
    private let mailbox = Mutex(Mailbox())
    /// nil once the thread is about to end it. Apart from the mailbox, which the woken thread looks into at once: it would find it
    /// locked by whoever wakes it.
    private let multi: Mutex<MultiHandle?>

    enum Command: Sendable {
        case start(Transfer)
        /// Libcurl may go on with what was held back or not yet there.
        case resume(Transfer)
        case drop(Transfer)
    }

    struct Mail {
        let commands: [Command]
        let isStopping: Bool
    }

    private struct Mailbox {
        var commands: [Command] = []
        var isStopping = false
        var isWoken = false

        /// - Returns: whether the thread is still to be woken.
        mutating func needsWaking() -> Bool {
            defer { isWoken = true }
            return !isWoken
        }
    }

    init(_ settings: CurlSettings) {
        _ = Self.isReady
        policy = AddressPolicy(allowedLoopback: settings.allowedLoopback, allowedAddresses: settings.allowedAddresses)
        guard let pointer = curl_multi_init() else { preconditionFailure("no memory for a multi handle") }
        let multi = MultiHandle(pointer: pointer)
        self.multi = Mutex(multi)
        startThread { [self] in
            Engine(multi, settings: settings, loop: self).run()
        }
    }

    /// - Returns: false when the thread has stopped or is about to.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let wakes: Bool? = mailbox.withLock { mailbox in
            guard !mailbox.isStopping else { return nil }
            mailbox.commands.append(command)
            return mailbox.needsWaking()
        }
        if wakes == true { wake() }
        return wakes != nil
    }

    func stop() {
        let wakes = mailbox.withLock { mailbox in
            mailbox.isStopping = true
            return mailbox.needsWaking()
        }
        if wakes { wake() }
    }

    private func wake() {
        // Fails only for a handle that is none, or when the pipe is full, which wakes as well.
        multi.withLock { if let multi = $0 { _ = curl_multi_wakeup(multi.pointer) } }
    }

    /// What has come since the last time; from here on the next command wakes the thread again.
    func mail() -> Mail {
        mailbox.withLock { mailbox in
            mailbox.isWoken = false
            let commands = mailbox.commands
            mailbox.commands.removeAll(keepingCapacity: commands.isEmpty)
            return Mail(commands: commands, isStopping: mailbox.isStopping)
        }
    }

    /// Nobody wakes the handle after this; its thread may end it.
    func close() {
        multi.withLock { $0 = nil }
    }

    /// libcurl and OpenSSL, once in the process.
    private static let isReady: Void = {
        let code = curl_global_init(Int(CURL_GLOBAL_ALL))
        precondition(code == CURLE_OK, "libcurl does not start")
    }()
}

/// libcurl's handle for all transfers.
///
/// Unchecked, because the pointer crosses to the engine's thread, which alone uses and ends it, but for `curl_multi_wakeup`:
/// that call is safe from any thread (libcurl-thread(3)) as long as the handle lives, which the loop's lock sees to.
struct MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
}

/// Runs `body` on a thread of its own, so that C calls block none of the few threads that run async code.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(body))
    let code = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            // NOSIGNAL leaves a broken connection's SIGPIPE to us: blocked here, the write's own error tells enough.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            start.body()
            return nil
        }, start.toOpaque())
    precondition(code == 0, "the system gives no thread")
    pthread_detach(thread)
}
