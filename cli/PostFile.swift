import Fediverse
import Glibc
import SheltieKit

/// A file of posts, checked as a whole when it is opened and then read a part at a time.
final class PostFile {
    /// Rows of one part with their places in the file, and those that cannot be read as posts.
    struct Part {
        var rows: [(index: Int, post: PostMetadata)] = []
        var errors: [BulkResult.RowError] = []
    }

    private static let limits = JSONLimits(arrayElements: .max)
    private static let largest = 1 << 30
    private let bytes: [UInt8]
    /// Where each row stands.
    private let rows: [Range<Int>]
    private var taken = 0

    init(path: String) throws {
        bytes = try Self.read(path)
        switch bytes.withUnsafeBytes({ bytes in Result { () throws(JSONError) in try Self.rows(bytes) } }) {
        case .success(let found): rows = found
        case .failure(let error) where error.isAboutMeaning:
            throw Failure("the file holds no array of posts, nor {\"posts\": [...]}; nothing was imported", .badData)
        case .failure(let error): throw Failure("the file is broken: \(error); nothing was imported", .badData)
        }
    }

    /// The next part, nil at the end.
    func next(_ count: Int) throws -> Part? {
        guard taken < rows.count else { return nil }
        let range = taken..<min(taken + count, rows.count)
        taken = range.upperBound
        return bytes.withUnsafeBytes { bytes in
            var part = Part()
            for index in range {
                var scanner = JSONScanner(bytes, in: rows[index], limits: Self.limits)
                do throws(JSONError) {
                    part.rows.append((index, try PostMetadata(from: &scanner)))
                } catch {
                    part.errors.append(.init(index: index, reason: "\(error)"))
                }
            }
            return part
        }
    }

    private static func rows(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> [Range<Int>] {
        var scanner = JSONScanner(bytes, limits: limits)
        var whole = scanner
        try whole.skip()
        try whole.finish()
        if var object = try? scanner.enterObject() {
            var found: [Range<Int>]?
            while let key = try scanner.nextKey(&object) {
                if key == "posts" { found = try elements(&scanner) } else { try scanner.skip() }
            }
            guard let found else { throw .missingMember("posts", offset: scanner.offset) }
            return found
        }
        scanner = JSONScanner(bytes, limits: limits)
        return try elements(&scanner)
    }

    private static func elements(_ scanner: inout JSONScanner) throws(JSONError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var array = try scanner.enterArray()
        while try scanner.nextElement(&array) { ranges.append(try scanner.skip()) }
        return ranges
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw Failure("the file cannot be read: \(path)", .noInput) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&part, 1, part.count, file), count > 0 {
            bytes += part[..<count]
            guard bytes.count <= largest else { throw Failure("the file is larger than 1 GiB; divide it", .badData) }
        }
        guard ferror(file) == 0 else { throw Failure("the file cannot be read: \(path)", .noInput) }
        return bytes
    }
}
