import CPostgres
import Database

/// One answer of the server and the one owner of its C object.
final class PostgresResult {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// SQLSTATE; nil where the client library made the error itself.
    var state: String? { pq_sqlstate(pointer).map { String(cString: $0) } }

    var rowCount: Int32 { PQntuples(pointer) }

    /// The command and its count: `INSERT 0 3`, `SELECT 7`, `COMMIT`.
    var tag: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

    /// Rows that the statement inserted, changed or deleted; 0 for one that only reads.
    var changed: Int {
        let tag = tag
        guard ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(where: tag.hasPrefix) else { return 0 }
        return tag.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    var isFailure: Bool {
        switch status {
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_PIPELINE_ABORTED: true
        default: false
        }
    }
}
