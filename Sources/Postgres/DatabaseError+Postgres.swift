import CPostgres
import Database

extension DatabaseError {
    /// The error for one of the server's codes. Its message and its detail are not read: they may hold a row's values.
    ///
    /// - Parameters:
    ///   - state: SQLSTATE, five digits and capital letters (postgresql.org, "PostgreSQL Error Codes").
    ///   - statement: the text with placeholders.
    init(state: String, statement: String) {
        switch state {
        case "23505": self = .constraint(kind: .unique)
        case "23503": self = .constraint(kind: .foreignKey)
        case "23514": self = .constraint(kind: .check)
        case "23502": self = .constraint(kind: .notNull)
        // Lock not available, or an object in use: another session's doing.
        case "55P03", "55006": self = .busy
        // Deadlock, serialization failure, or a standby that had to drop what was being read.
        case "40P01", "40001": self = .conflict
        case "57014": self = .interrupted
        // The server stops, has stopped, or starts.
        case "57P01", "57P02", "57P03", "57P05": self = .disconnected
        case "25006": self = .readOnly
        // A disk, or a quota, that is full.
        case "53100": self = .diskFull
        // No connection left, or no memory.
        case "53300", "53200": self = .unavailable
        // Bytes that are no UTF-8 (or a NUL), and a NUL in JSON.
        case "22021", "22P05": self = .unstorableText
        case "XX001", "XX002": self = .corrupt(reason: "the server reports damaged data")
        default:
            switch state.prefix(2) {
            case "23": self = .constraint(kind: .other)
            // The session is there, and a part of the server is not (a node of a distributed one).
            case "08": self = .unavailable
            default: self = .refused(state: state, statement: statement)
            }
        }
    }

    /// Why no connection was made.
    /// - Parameter message: libpq's, made with `PQERRORS_SQLSTATE`: where the server refused, it ends in the code alone.
    static func connecting(_ message: String) -> DatabaseError {
        guard let state = state(endingIn: message) else { return .unreachable(reason: reason(outside: message)) }
        switch state {
        case "28P01", "28000": return .notAdmitted(reason: "the server refused the user or the password")
        case "3D000": return .cannotOpen(reason: "there is no database of this name on the server")
        case "42501": return .notAdmitted(reason: "the user may not connect to this database")
        case "53300": return .unreachable(reason: "the server has no connection left")
        case "57P03": return .unreachable(reason: "the server is starting or stopping")
        default: return .notAdmitted(reason: "the server refused the connection with \(state)")
        }
    }

    /// `connection to server at "::1", port 5432 failed: FATAL:  28P01` gives `28P01`.
    private static func state(endingIn message: String) -> String? {
        let words = message.split { $0 == " " || $0 == "\n" }
        guard words.count >= 2, let last = words.last, words[words.count - 2].hasSuffix(":"), last.utf8.count == 5 else { return nil }
        let isCode = last.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        return isCode ? String(last) : nil
    }

    /// What went wrong on this side of the wire, in the client library's words. What stands in quotes is left out: in an
    /// address that is read wrongly it may be a part of the password.
    private static func reason(outside message: String) -> String {
        let lines = message.split(separator: "\n")
        guard let line = lines.last(where: { $0.contains(" failed: ") }) ?? lines.first else { return "the server cannot be reached" }
        let words = line.firstRange(of: " failed: ").map { line[$0.upperBound...] } ?? line
        let unquoted = words.split(separator: "\"", omittingEmptySubsequences: false).enumerated().map { $0 % 2 == 0 ? $1 : "…" }.joined()
        let clean = unquoted.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(200)
        return "the server cannot be reached: \(String(String.UnicodeScalarView(clean)))"
    }
}
