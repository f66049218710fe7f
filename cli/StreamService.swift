import Fediverse
import Jobs
import OpenSSL
import Privacy
import ServiceLifecycle
import Store
import Telemetry
import Upstream

/// Listens to the instance's public stream where the operator asks for it: one process at a time, as with the jobs.
struct StreamService: Service {
    let listener: StreamListener
    let book: StoredJobBook
    let logger: Log

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            let work = LeasedWork(book: book, holder: Hex.encode(try RandomBytes.make(count: 8)))
            while !Task.isCancelled {
                do {
                    _ = try await work.perform("stream") { try await listener.run() }
                } catch is CancellationError {
                    return
                } catch {
                    // The database, or the lease: both are looked at again.
                    logger.note(.warning, "the stream is not listened to for a while", .failure(error))
                }
                try await Task.sleep(for: .seconds(30))
            }
        }
    }
}

extension Installation {
    /// Acts on deletions and edits: of the instance's public stream where it is listened to, and those that pass on clients' streams.
    func listener(logger: Log) throws -> StreamListener {
        let stream = StatusStream(instance: instance, client: streams, userAgent: Self.userAgent(settings), token: try settings.streamToken())
        return StreamListener(
            stream: stream, statuses: storage.statuses, intake: try intake(), tenant: tenant, logger: logger, clock: Clock.now)
    }
}

extension Settings {
    private enum Stream: String, CaseIterable {
        case off
        case `public`
    }

    func listensToStream() throws -> Bool { try choice("stream", as: Stream.self) == .public }

    /// The operator's own token; nil where none is named.
    func streamToken() throws -> String? {
        let path = text("streamTokenFile")
        return path.isEmpty ? nil : try TokenFile.load(path: path)
    }
}
