import Glibc

/// Looks for words in a file of any size, a piece at a time.
///
/// Never in a database that this process has open: closing the file would drop the locks that its connections hold
/// (sqlite.org/howtocorrupt.html, 2.2).
public struct FileSearch: Sendable {
    public struct Hit: Sendable, Hashable {
        public var needle: ByteSearch.Needle
        /// Where it begins, in bytes from the file's beginning.
        public var offset: Int
    }

    /// What one file holds: every hit is counted, the first ones are told.
    public struct Result: Sendable {
        public var bytes = 0
        public var hits: [Hit] = []
        public var untold = 0
    }

    private static let pieceBytes = 1 << 20
    public static let mostHits = 1_000

    private let search: ByteSearch
    /// The end of what came before, in which a needle may have begun.
    private var tail: [UInt8] = []
    public private(set) var result = Result()

    public init(_ search: ByteSearch) { self.search = search }

    /// Goes on with the next piece of the file.
    public mutating func feed(_ piece: UnsafeRawBufferPointer) {
        var buffer = tail
        buffer.append(contentsOf: piece)
        let start = result.bytes - tail.count
        let known = tail.count
        var (hits, untold) = ([Hit](), 0)
        buffer.withUnsafeBytes { bytes in
            search.look(in: bytes) { needle, place in
                // What lies in the tail alone was found before.
                guard place + needle.bytes.count > known else { return }
                if result.hits.count + hits.count < Self.mostHits { hits.append(Hit(needle: needle, offset: start + place)) } else { untold += 1 }
            }
        }
        result.hits += hits
        result.untold += untold
        result.bytes += piece.count
        tail = Array(buffer.suffix(max(0, search.longest - 1)))
    }

    /// - Parameters:
    ///   - progress: told how many bytes were read, after each piece.
    /// - Throws: `FileSearchError` for a file that cannot be read.
    public static func look(in path: String, for search: ByteSearch, progress: (Int) -> Void = { _ in }) throws -> Result {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw FileSearchError(path: path, code: errno) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw FileSearchError(path: path, code: EINVAL) }
        var search = FileSearch(search)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        while true {
            let count = read(file, piece.baseAddress, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileSearchError(path: path, code: errno) }
            if count == 0 { return search.result }
            search.feed(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            progress(search.result.bytes)
        }
    }

    /// The first bytes of a file; fewer where it is shorter, none where it cannot be read.
    public static func beginning(of path: String, count: Int) -> [UInt8] { bytes(of: path, at: 0, count: count) }

    public static func bytes(of path: String, at offset: Int, count: Int) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(file, &bytes, count, off_t(offset))
        return Array(bytes.prefix(max(0, got)))
    }
}

public struct FileSearchError: Error, Equatable, CustomStringConvertible {
    public let path: String
    let code: Int32

    public var description: String { "\(path) cannot be read: \(String(cString: strerror(code)))" }
}
