import Database
import Glibc
@testable import SQLite

/// A folder that goes with its value.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/sheltie-sqlite-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } }
        guard let made else { preconditionFailure("mkdtemp: \(errno)") }
        path = made
    }

    deinit {
        for file in files() { unlink(path + "/" + file) }
        rmdir(path)
    }

    var database: String { path + "/test.db" }

    func files() -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func bytes(of file: String) -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    static func write(_ bytes: [UInt8], to file: String) {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        precondition(written == bytes.count, "a test's file is written whole")
        close(descriptor)
    }

    /// The permission bits, such as 0o600; 0 when there is no such file.
    static func mode(of file: String) -> UInt32 {
        var status = stat()
        return stat(file, &status) == 0 ? status.st_mode & 0o777 : 0
    }
}

extension [UInt8] {
    func count(of marker: String) -> Int {
        let wanted = Array(marker.utf8)
        guard count >= wanted.count else { return 0 }
        var found = 0
        for start in 0...(count - wanted.count) where self[start] == wanted[0] && self[start..<start + wanted.count].elementsEqual(wanted) {
            found += 1
        }
        return found
    }
}

extension Connection {
    func integer(_ statement: SQL) throws -> Int64 { try first(statement) { $0.integer(0) } ?? -1 }
}
