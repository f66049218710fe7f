internal import CCurl
internal import Glibc

/// The sockets that libcurl has left to us, many of which are silent: asked of the kernel once for all that have something.
struct SocketWatch: ~Copyable {
    /// Readable when a socket is, so that libcurl's own wait can wait for it too.
    let descriptor: Int32

    init() {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(descriptor >= 0, "the system gives no epoll descriptor")
    }

    deinit { close(descriptor) }

    /// Told are changes only: a socket that is held back, and so not read, does not come again and again.
    /// - Returns: false where the system takes no more of them.
    func add(_ socket: Int32) -> Bool {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLET.rawValue
        event.data.fd = socket
        return epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event) == 0
    }

    func remove(_ socket: Int32) {
        var event = epoll_event()
        epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, &event)
    }

    /// Those that something has happened to, without waiting; at most 256 at a time, the others come with the next call.
    func ready() -> [Int32] {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 256) { events in
            let count = epoll_wait(descriptor, events.baseAddress, 256, 0)
            return (0..<Int(max(0, count))).map { events[$0].data.fd }
        }
    }
}
