import Glibc
import TestSupport

/// A folder of one test, with the files that it wrote.
struct TemporaryFolder {
    struct Failure: Error { let code: Int32 }

    let path: String

    init() throws {
        var template = Array("/tmp/sheltie-privacy-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t) throws -> String { try write(Array(text.utf8), to: name, mode: mode) }

    /// - Returns: the file's path.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String, mode: mode_t) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fchmod(descriptor, mode) == 0 else { throw Failure(code: errno) }
        return file
    }

    func read(_ name: String) -> [UInt8]? {
        access("\(path)/\(name)", R_OK) == 0 ? bytes(of: "\(path)/\(name)") : nil
    }

    /// The folder holds files only.
    func remove() {
        guard let folder = opendir(path) else { return }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } })
        }
        closedir(folder)
        for name in names where name != "." && name != ".." {
            unlink("\(path)/\(name)")
            rmdir("\(path)/\(name)")
        }
        rmdir(path)
    }
}
