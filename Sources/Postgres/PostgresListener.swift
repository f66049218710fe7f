import CPostgres
import Database
import Glibc
import Synchronization

/// A session of its own that hears what others announce by NOTIFY on a channel, on a thread of its own.
///
/// What is announced while it has no session is not heard: so it tells when it has one again, and whoever must not miss
/// anything looks by themselves now and then.
public final class PostgresListener: Sendable {
    /// How often the thread looks whether it is to end.
    private static let turn = Duration.seconds(1)

    private let isStopped = Mutex(false)

    /// Begins to listen, until `stop`; returns at once.
    /// - Parameters:
    ///   - channel: a plain name; not from outside.
    ///   - heard: called on the listener's thread with what was announced, nil when a session has been opened.
    public init(_ settings: PostgresSettings, channel: String, heard: @escaping @Sendable (String?) -> Void) {
        NamedThread.start("pg-listener") { [self] in
            var backoff = Backoff()
            while !isStopped.withLock({ $0 }) {
                do throws(DatabaseError) {
                    guard backoff.allows(at: .now) else { throw .disconnected }
                    let handle = try PostgresHandle(settings, writing: false)
                    _ = try handle.ask("LISTEN \(channel)", until: .now + settings.grace) { PQsendQuery(handle.pointer, "LISTEN \(channel)") }
                    backoff.succeeded()
                    heard(nil)
                    while !isStopped.withLock({ $0 }), let announced = handle.announcements(until: .now + Self.turn) {
                        announced.forEach(heard)
                    }
                } catch {
                    if backoff.allows(at: .now) { backoff.failed(at: .now) }
                    usleep(50_000)
                }
            }
        }
    }

    /// Ends the session within a second or two.
    public func stop() { isStopped.withLock { $0 = true } }
}
