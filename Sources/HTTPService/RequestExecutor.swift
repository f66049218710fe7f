import NIOCore
import Synchronization

/// The thread on which a request is read, answered and written: without it each step would wake another one.
///
/// What runs there holds up every connection of that thread: responders leave long work to tasks of their own.
public enum RequestExecutor {
    /// For a task that serves the request beside its responder's own; nil outside a request.
    @TaskLocal public static var current: (any TaskExecutor)?
}

/// Runs tasks on the thread of an event loop as long as there is one, and then wherever tasks run: what a request began may
/// outlive the server.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop
    private let isRetired = Mutex(false)

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Inside the lock, so that nothing comes to the loop after its last task.
        let isTaken = isRetired.withLock { isRetired in
            if !isRetired { loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) } }
            return !isRetired
        }
        if !isTaken { globalConcurrentExecutor.enqueue(job) }
    }

    /// Returns when the loop has run all that it will get.
    func retire() async {
        isRetired.withLock { $0 = true }
        try? await loop.submit {}.get()
    }
}
