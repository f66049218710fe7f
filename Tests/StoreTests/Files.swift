import Database
import Glibc

func names(in folder: String) throws -> [String] {
    guard let opened = opendir(folder) else { throw DatabaseError.cannotOpen(reason: "no such folder") }
    defer { closedir(opened) }
    var names: [String] = []
    while let entry = readdir(opened) {
        names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
}

/// Empty for a file that is not there.
func bytes(of path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part.prefix(count) }
    return bytes
}

func contents(of path: String) throws -> String { String(decoding: bytes(of: path), as: UTF8.self) }

extension String {
    func components(by separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
