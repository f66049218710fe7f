import Glibc

/// A thread of its own for calls that block, never one of the few that run async code. It ends when its closure returns.
public enum NamedThread {
    /// - Parameter name: at most 15 bytes, shown by `top -H` and debuggers.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        precondition(name.utf8.count <= 15, "a thread's name has at most 15 bytes")
        let code = create(Start(name: name, body: body))
        // Out of threads at the start of the process: there is no way on.
        precondition(code == 0, "pthread_create: \(code)")
    }
}

/// What a new thread finds at its start.
private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func create(_ start: Start) -> Int32 {
    let argument = Unmanaged.passRetained(start).toOpaque()
    let thread = UnsafeMutablePointer<pthread_t>.allocate(capacity: 1)
    defer { thread.deallocate() }
    let code = pthread_create(thread, nil, threadMain, argument)
    if code == 0 { pthread_detach(thread.pointee) }
    return code
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    setName(start.name)
    start.body()
    return nil
}

/// `pthread_setname_np` is not visible from Swift. Without /proc the thread stays nameless, which harms nobody.
private func setName(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = write(file, name, name.utf8.count)
    close(file)
}
