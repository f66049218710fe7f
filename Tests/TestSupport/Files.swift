public import Glibc

/// What a test could not do with a file.
public struct FileFailure: Error, CustomStringConvertible {
    public let description: String
    public init(description: String) { self.description = description }
}

public func temporaryFolder() throws -> String {
    var template = Array("/tmp/sheltie-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw FileFailure(description: "no temporary folder") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

public func names(in folder: String) -> [String] {
    guard let opened = opendir(folder) else { return [] }
    defer { closedir(opened) }
    var names: [String] = []
    while let entry = readdir(opened) {
        names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
}

/// Empty for a file that is not there. Never of a database that this process has open: closing the file would drop its locks.
public func bytes(of path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 18)
    while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part.prefix(count) }
    return bytes
}

public func write(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600) throws {
    guard let file = fopen(path, "w") else { throw FileFailure(description: "cannot write \(path)") }
    defer { fclose(file) }
    let bytes = Array(bytes)
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fchmod(fileno(file), mode) == 0 else {
        throw FileFailure(description: "cannot write \(path)")
    }
}

/// Every file of a folder by name.
public func contents(of folder: String) -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: names(in: folder).map { ($0, bytes(of: folder + "/" + $0)) })
}

public func removeTree(_ path: String) {
    var facts = stat()
    guard lstat(path, &facts) == 0 else { return }
    guard facts.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        return
    }
    for name in names(in: path) { removeTree(path + "/" + name) }
    rmdir(path)
}
