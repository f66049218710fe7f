/// How a connection reaches its server, and how long it waits for it.
public struct PostgresSettings: Sendable {
    /// `postgres://…` or `postgresql://…`. Several hosts, `target_session_attrs` and TLS are libpq's own.
    public var url: String
    /// For each host, at least 2 s; `connect_timeout` in the URL wins.
    public var connectTimeout = Duration.seconds(5)
    /// How long one statement of a write may take on the server.
    public var statementTimeout = Duration.seconds(10)
    /// How long a statement waits for another session's lock.
    public var lockTimeout = Duration.seconds(2)
    /// How long a session may stand in a transaction without a statement; then the server ends it. A process that stands
    /// still must not hold its locks, or others could not go on for it.
    public var idleLimit = Duration.seconds(15)
    /// How long after the server's own limit its answer may come; then the connection counts as lost.
    public var grace = Duration.seconds(3)

    /// How long a session that was silent for a while may take to give a sign of life.
    public var probeTime = Duration.seconds(1)
    /// How long a session waits for a cancellation that is on its way to the server; then it is given up for a new one.
    public var cancelTime = Duration.seconds(2)

    public init(url: String) { self.url = url }
}

extension Duration {
    /// Whole milliseconds, at least 1: 0 would mean "for ever" to the server.
    var milliseconds: Int64 { max(1, Int64(self / .milliseconds(1))) }
}
