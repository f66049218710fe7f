import NIOCore

/// The thread on which a request is read, answered and written: without it each step would wake another one.
///
/// What runs there holds up every connection of that thread: responders leave long work to tasks of their own.
public enum RequestExecutor {
    /// For a task that serves the request beside its responder's own; nil outside a request.
    @TaskLocal public static var current: (any TaskExecutor)?
}

/// Runs tasks on the thread of an event loop.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
