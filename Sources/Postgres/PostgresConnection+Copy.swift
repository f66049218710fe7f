import CPostgres
import Database
import Glibc

extension PostgresConnection {
    /// Fills a table: runs `COPY … FROM STDIN (FORMAT binary)` with the rows that `write` gives to the writer.
    ///
    /// `write` runs on this thread and waits whenever the server is behind, so no more than a portion of rows is ever held.
    /// What it throws ends the copy, and nothing of it is kept.
    /// - Returns: the rows that the server took.
    @discardableResult
    public func copyIn(_ statement: String, _ write: (CopyWriter) throws -> Void) throws -> Int {
        try begin(statement, expecting: PGRES_COPY_IN)
        let writer = CopyWriter(handle, statement: statement)
        do {
            try write(writer)
            try writer.finish()
        } catch {
            // The server's own complaint comes first where there is one: it is why the sending failed.
            let refusal = endCopyIn(statement, "given up by the writer")
            if case .success = refusal { throw error }
            if case .failure(.interrupted) = refusal { throw error }
            _ = try refusal.get()
        }
        return try endCopyIn(statement, nil).get()
    }

    /// Reads rows as fast as `each` takes them: runs `COPY … TO STDOUT (FORMAT binary)`.
    ///
    /// What `each` throws cancels the statement on the server and is thrown on.
    public func copyOut(_ statement: String, _ each: (inout CopyRow) throws -> Void) throws {
        try begin(statement, expecting: PGRES_COPY_OUT)
        do {
            var isFirst = true
            while let message = try handle.nextCopyData(statement) {
                defer { PQfreemem(UnsafeMutableRawPointer(mutating: message.baseAddress)) }
                // The header stands before the first row, in the same message.
                let bytes = isFirst ? UnsafeRawBufferPointer(rebasing: message.dropFirst(Self.copyHeaderBytes)) : message
                isFirst = false
                if var row = CopyRow(bytes) { try each(&row) }
            }
            _ = try handle.answer(to: statement, until: nil)
        } catch {
            cancel.cancelStatement()
            cancel.end()
            // What is still under way is read to its end, or nothing could be asked here any more.
            while let message = try? handle.nextCopyData(statement) { PQfreemem(UnsafeMutableRawPointer(mutating: message.baseAddress)) }
            _ = try? handle.answer(to: statement, until: .now + settings.grace)
            throw error
        }
    }

    /// Signature, flags and the length of a further header, which is 0.
    private static let copyHeaderBytes = 19

    private func begin(_ statement: String, expecting status: ExecStatusType) throws(DatabaseError) {
        guard !hasLostTransaction else { throw handle.isBroken ? .disconnected : .transactionLost }
        try sendUnsent()
        try handle.post(statement) { PQsendQuery(handle.pointer, statement) }
        guard let result = try handle.next(statement, until: nil) else { throw .disconnected }
        if result.status == status { return }
        while try handle.next(statement, until: nil) != nil {}
        throw result.isFailure ? handle.error(of: result, statement) : .refused(state: "42601", statement: statement)
    }

    private func endCopyIn(_ statement: String, _ complaint: String?) -> Result<Int, DatabaseError> {
        Result { () throws(DatabaseError) in
            guard !handle.isBroken else { throw .disconnected }
            while PQputCopyEnd(handle.pointer, complaint) == 0 { try handle.flush(statement) }
            let result = try handle.answer(to: statement, until: nil)
            return result.tag.split(separator: " ").last.flatMap { Int($0) } ?? 0
        }
    }
}

extension PostgresHandle {
    /// Hands the bytes to the server, and waits until all of them are on their way.
    fileprivate func waitUntilSent(_ statement: String) throws(DatabaseError) {
        while true {
            let left = PQflush(pointer)
            guard left >= 0 else { throw broken(or: statement) }
            if left == 0 { return }
            guard isReady(for: Int16(POLLIN | POLLOUT), until: nil), PQconsumeInput(pointer) == 1 else { throw broken(or: statement) }
        }
    }

    func flush(_ statement: String) throws(DatabaseError) { try waitUntilSent(statement) }

    func putCopyData(_ bytes: UnsafeRawBufferPointer, of statement: String) throws(DatabaseError) {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
        while true {
            switch PQputCopyData(pointer, start, Int32(bytes.count)) {
            case 1: return try waitUntilSent(statement)
            case 0: try waitUntilSent(statement)
            default: throw broken(or: statement)
            }
        }
    }

    /// The next message of a COPY out, for the caller to free; nil behind the last one.
    func nextCopyData(_ statement: String) throws(DatabaseError) -> UnsafeRawBufferPointer? {
        while true {
            var start: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(pointer, &start, 1)
            if count > 0 { return UnsafeRawBufferPointer(start: start, count: Int(count)) }
            if count == -1 { return nil }
            guard count == 0, isReady(for: Int16(POLLIN), until: nil), PQconsumeInput(pointer) == 1 else { throw broken(or: statement) }
        }
    }
}
