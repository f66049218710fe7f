import Database
import SQLite

public import Privacy

/// The bytes of an SQLite database: its file with the free pages, and its log.
///
/// Only while this process has no connection to it (``Privacy/FileSearch``).
public struct DatabaseFiles: Sendable {
    /// A word in a page of the file, or of the log.
    public struct Hit: Sendable {
        public var file: String
        public var hit: FileSearch.Hit
        /// From 1; nil in a head that belongs to none.
        public var page: Int?
    }

    public private(set) var hits: [Hit] = []
    public private(set) var looked: [ProofReport.Looked] = []
    public private(set) var unread: [String] = []
    /// Hits beyond those that are told one by one.
    public private(set) var untold = 0

    /// - Parameter progress: told the file and how many of its bytes were read.
    public init(of path: String, search: ByteSearch, progress: (String, Int) -> Void) {
        let pageSize = Self.pageSize(of: path)
        // The log once more at the end: what was moved from the file's end into its beginning meanwhile went through it.
        for file in [path + "-wal", path, path + "-wal", path + "-journal", path + "-shm"] {
            do {
                let result = try FileSearch.look(in: file, for: search) { progress(file, $0) }
                untold += result.untold
                for hit in result.hits where !hits.contains(where: { $0.file == file && $0.hit == hit }) {
                    hits.append(Hit(file: file, hit: hit, page: file == path ? hit.offset / pageSize + 1 : Self.page(at: hit.offset, inLog: file, pageSize)))
                }
                looked.removeAll { $0.place == file }
                looked.append(.init(file, result.bytes, .bytes))
            } catch {
                // No log is the rule where nobody has the database open.
                if file == path { unread.append("\(error)") }
            }
        }
    }

    /// In the file's head, two bytes, the larger first; 1 stands for 65,536.
    static func pageSize(of path: String) -> Int {
        let head = FileSearch.beginning(of: path, count: 18)
        guard head.count == 18 else { return 4_096 }
        let size = Int(head[16]) << 8 | Int(head[17])
        return size == 1 ? 65_536 : max(512, size)
    }

    /// A log is 32 bytes and frames of 24 bytes and a page; a frame begins with its page's number.
    private static func page(at offset: Int, inLog path: String, _ pageSize: Int) -> Int? {
        guard path.hasSuffix("-wal"), offset >= 32 else { return nil }
        let frame = (offset - 32) / (24 + pageSize)
        let number = FileSearch.bytes(of: path, at: 32 + frame * (24 + pageSize), count: 4).reduce(0) { $0 << 8 | Int($1) }
        return number > 0 ? number : nil
    }
}

extension Storage {
    /// Which table or index each page belongs to; none for a free one. Reads all of the file, so only for pages that were asked about.
    public static func owners(of pages: Set<Int>, in path: String) throws -> [Int: String] {
        if pages.isEmpty { return [:] }
        var owners: [Int: String] = [:]
        let connection = try SQLiteConnection(path: path, access: .reader)
        let known = try connection.first("SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'") { $0.integer(0) } ?? 0
        guard known > 0 else { return [:] }
        try connection.rows("SELECT name, pageno FROM dbstat") { row in
            if pages.contains(Int(row.integer(1))) { owners[Int(row.integer(1))] = row.text(0) }
        }
        return owners
    }
}
