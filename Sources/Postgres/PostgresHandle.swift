import CPostgres
import Database
import Glibc

/// The one owner of a connection to the server: opens in `init`, closes in `deinit`, nowhere else.
///
/// It never blocks for longer than it is told: the socket does not block, and every wait has an end.
final class PostgresHandle {
    let pointer: OpaquePointer
    /// Set when an answer is missing or the server has closed the session: nothing more can be asked here.
    private(set) var isBroken = false
    /// Set by the client library's callback, on this thread, when the server ends an idle session.
    private let farewell: UnsafeMutablePointer<Int32>

    /// - Parameter writing: whether the session is of no use where nothing can be written.
    /// - Throws: `cannotOpen`, `unreachable`, `notAdmitted`, `unfit` or `readOnly`, with one sentence for each of the usual causes.
    init(_ settings: PostgresSettings, writing: Bool) throws(DatabaseError) {
        // libpq would take anything else for the name of a database on this machine.
        guard ["postgres://", "postgresql://"].contains(where: settings.url.hasPrefix), !settings.url.utf8.contains(0) else {
            throw .cannotOpen(reason: Self.wrongForm)
        }
        guard let started = Self.start(settings) else { throw .cannotOpen(reason: "there is no memory for a connection") }
        pointer = started
        farewell = .allocate(capacity: 1)
        farewell.initialize(to: 0)
        guard PQstatus(started) != CONNECTION_BAD || PQhost(started).map({ $0[0] != 0 }) == true else {
            // What cannot be read may hold the password: none of it is repeated.
            throw .cannotOpen(reason: Self.wrongForm)
        }
        // Errors as codes, which no language setting and no value changes. It can be said only to a connection that is
        // begun, and waiting for each host with its time limit is what PQreset does: so the beginning is taken back once.
        PQsetErrorVerbosity(started, PQERRORS_SQLSTATE)
        pq_silence(started, farewell)
        PQreset(started)
        guard PQconnectionNeedsPassword(started) == 0 else { throw .notAdmitted(reason: "the server wants a password") }
        guard PQstatus(started) == CONNECTION_OK else {
            throw DatabaseError.connecting(PQerrorMessage(started).map { String(cString: $0) } ?? "")
        }
        if let refusal = Self.refusal(version: PQserverVersion(started), encoding: Self.parameter("server_encoding", of: started)) {
            throw .unfit(reason: refusal)
        }
        // A standby, or a database that its operator has set so.
        let isReadOnly = ["in_hot_standby", "default_transaction_read_only"].contains { Self.parameter($0, of: started) == "on" }
        if writing, isReadOnly { throw .readOnly }
        guard PQsetnonblocking(started, 1) == 0 else { throw .unreachable(reason: "the socket cannot be set up") }
    }

    deinit {
        PQfinish(pointer)
        farewell.deallocate()
    }

    private static let wrongForm = "the address is not of the form postgres://user@host/database"

    /// Why a server of this kind is not used; nil for a right one.
    static func refusal(version: Int32, encoding: String) -> String? {
        if version < 150_000 {
            return "the server is PostgreSQL \(version / 10_000).\(version % 10_000), and 15 or newer is needed"
        }
        if encoding != "UTF8" { return "the database's encoding is \(encoding), and UTF8 is needed" }
        return nil
    }

    private static func start(_ settings: PostgresSettings) -> OpaquePointer? {
        // What stands before the address gives way to it; what stands behind it does not.
        let seconds = max(2, Int64((settings.connectTimeout / .seconds(1)).rounded(.up)))
        let parameters = [
            ("connect_timeout", String(seconds)), ("fallback_application_name", "sheltie"), ("keepalives_idle", "30"),
            ("tcp_user_timeout", "15000"), ("dbname", settings.url), ("client_encoding", "UTF8"),
        ]
        let names = parameters.map { strdup($0.0) }, values = parameters.map { strdup($0.1) }
        defer { for text in names + values { free(text) } }
        let nameList = names.map { $0.map { UnsafePointer($0) } } + [nil], valueList = values.map { $0.map { UnsafePointer($0) } } + [nil]
        return PQconnectStartParams(nameList, valueList, 1)
    }

    private static func parameter(_ name: String, of pointer: OpaquePointer) -> String {
        PQparameterStatus(pointer, name).map { String(cString: $0) } ?? ""
    }

    /// Gives the session up, which may be as well as before: another one takes its place.
    func leave() { isBroken = true }

    var isInTransaction: Bool {
        switch PQtransactionStatus(pointer) {
        case PQTRANS_IDLE, PQTRANS_UNKNOWN: false
        default: true
        }
    }

    /// Whether a statement has failed, and nothing but a rollback is taken any more.
    var isInFailedTransaction: Bool { PQtransactionStatus(pointer) == PQTRANS_INERROR }

    /// Whether the server has closed an idle session meanwhile; reads what has come in.
    func hasBeenLeft() -> Bool {
        if isBroken || PQstatus(pointer) != CONNECTION_OK { return true }
        while isReady(for: Int16(POLLIN), until: .now) {
            guard PQconsumeInput(pointer) == 1 else { return true }
            // Parses what has come in, which calls the receiver.
            _ = PQisBusy(pointer)
            if farewell.pointee != 0 || PQstatus(pointer) != CONNECTION_OK { return true }
        }
        return false
    }

    /// Sends what `send` puts in line, without waiting for its answer.
    func post(_ statement: String, _ send: () -> Int32) throws(DatabaseError) {
        guard send() == 1 else { throw broken(or: statement) }
        // What does not go out at once goes with the next wait.
        guard PQflush(pointer) >= 0 else { throw broken(or: statement) }
    }

    /// Sends what `send` puts in line and waits for the whole answer: the first error, or else the last result.
    func ask(_ statement: String, until deadline: ContinuousClock.Instant?, _ send: () -> Int32) throws(DatabaseError) -> PostgresResult {
        try post(statement, send)
        return try answer(to: statement, until: deadline)
    }

    /// The answer to what was posted.
    func answer(to statement: String, until deadline: ContinuousClock.Instant?) throws(DatabaseError) -> PostgresResult {
        var last: PostgresResult?
        var failure: PostgresResult?
        while let result = try next(statement, until: deadline) {
            try checkNoCopy(result, statement)
            if result.isFailure { failure = failure ?? result } else { last = result }
        }
        if let failure { throw error(of: failure, statement) }
        guard let last else { throw broken(or: statement) }
        return last
    }

    /// A COPY through here has nobody to feed it and would never end.
    func checkNoCopy(_ result: PostgresResult, _ statement: String) throws(DatabaseError) {
        switch result.status {
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            isBroken = true
            throw .refused(state: "0A000", statement: statement)
        default: break
        }
    }

    /// The next result of what was sent; nil at its end.
    func next(_ statement: String, until deadline: ContinuousClock.Instant?) throws(DatabaseError) -> PostgresResult? {
        while true {
            let left = PQflush(pointer)
            guard left >= 0 else { throw broken(or: statement) }
            if left == 0, PQisBusy(pointer) == 0 { return PQgetResult(pointer).map(PostgresResult.init) }
            guard isReady(for: Int16(left == 0 ? POLLIN : POLLIN | POLLOUT), until: deadline) else {
                // Its answer would come when nobody waits for it any more.
                isBroken = true
                throw .disconnected
            }
            guard PQconsumeInput(pointer) == 1 else { throw broken(or: statement) }
        }
    }

    /// Whether an answer has begun to come in by then. A lost connection counts as one: it is what the answer will tell.
    func isAnswered(by deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = PQflush(pointer)
            if left < 0 || left == 0 && PQisBusy(pointer) == 0 { return true }
            guard isReady(for: Int16(left == 0 ? POLLIN : POLLIN | POLLOUT), until: deadline) else { return false }
            if PQconsumeInput(pointer) == 0 { return true }
        }
    }

    /// What others announce to a session that listens, as soon as there is something, empty when the time is over.
    /// - Returns: nil when the session has ended.
    func announcements(until deadline: ContinuousClock.Instant) -> [String]? {
        if isReady(for: Int16(POLLIN), until: deadline), PQconsumeInput(pointer) == 0 { return nil }
        var announced: [String] = []
        while let notice = PQnotifies(pointer) {
            announced.append(String(cString: notice.pointee.extra))
            PQfreemem(notice)
        }
        return farewell.pointee != 0 || PQstatus(pointer) != CONNECTION_OK ? nil : announced
    }

    func error(of result: PostgresResult, _ statement: String) -> DatabaseError {
        guard let state = result.state else { return broken(or: statement) }
        let error = DatabaseError(state: state, statement: statement)
        if error == .disconnected || PQstatus(pointer) != CONNECTION_OK {
            isBroken = true
            return .disconnected
        }
        return error
    }

    /// What it means that libpq itself failed.
    func broken(or statement: String) -> DatabaseError {
        isBroken = isBroken || PQstatus(pointer) != CONNECTION_OK
        // The library's own complaint about a call, such as one without memory: XX000, "internal error".
        return isBroken ? .disconnected : .refused(state: "XX000", statement: statement)
    }

    /// Waits for the socket; false when the time is over.
    func isReady(for events: Int16, until deadline: ContinuousClock.Instant?) -> Bool {
        var watched = pollfd(fd: PQsocket(pointer), events: events, revents: 0)
        while true {
            let wait = deadline.map { Int32(clamping: max(0, Int64(($0 - .now) / .milliseconds(1)))) } ?? -1
            let code = poll(&watched, 1, wait)
            if code > 0 { return true }
            if code == 0 || errno != EINTR { return false }
        }
    }
}
