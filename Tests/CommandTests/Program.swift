import Glibc

/// The built binary, run in a folder of its own with nothing in its environment but what a test gives.
final class Program {
    struct Answer {
        var code: Int32
        var output: String
        var errors: String

        /// Lines on standard error.
        var complaints: [Substring] { errors.split(separator: "\n") }
    }

    enum Fault: Error {
        /// Where the binary was looked for.
        case noBinary(String)
        case noFolder, cannotStart(Int32)
    }

    let folder: String
    private let binary: String

    init() throws {
        binary = try Self.find()
        var template = Array("/tmp/sheltie-command-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Fault.noFolder }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in files() { unlink(folder + "/" + name) }
        rmdir(folder)
    }

    /// Runs one command to its end; after a minute it is ended, with the code 124.
    func run(_ arguments: [String], environment: [String] = []) throws -> Answer {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        let outputs = [(STDOUT_FILENO, folder + ".out"), (STDERR_FILENO, folder + ".err")]
        for (descriptor, path) in outputs {
            posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }
        defer { for (_, path) in outputs { unlink(path) } }
        var process = pid_t()
        let words = (["/usr/bin/env", "-C", folder, "timeout", "60", binary] + arguments).map { strdup($0) } + [nil]
        let settings = (["PATH=/usr/bin:/bin", "HOME=" + folder, "LC_ALL=C.UTF-8"] + environment).map { strdup($0) } + [nil]
        defer { for text in words + settings { free(text) } }
        let started = posix_spawn(&process, "/usr/bin/env", &actions, nil, words, settings)
        guard started == 0 else { throw Fault.cannotStart(started) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        // As WIFEXITED and WEXITSTATUS say; another end counts as 128 and the signal.
        let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
        return Answer(
            code: code, output: String(decoding: Self.bytes(of: folder + ".out"), as: UTF8.self),
            errors: String(decoding: Self.bytes(of: folder + ".err"), as: UTF8.self))
    }

    /// A line of documentation: words apart by blanks, quotes around one that holds some.
    func run(line: String, environment: [String] = []) throws -> Answer {
        var words: [String] = []
        for (place, part) in line.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
            if place % 2 == 1 { words.append(String(part)) } else { words += part.split(separator: " ").map(String.init) }
        }
        return try run(words, environment: environment)
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o600) {
        write(Array(text.utf8), to: name, mode: mode)
    }

    func write(_ bytes: [UInt8], to name: String, mode: mode_t = 0o600) {
        guard let file = fopen(folder + "/" + name, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        chmod(folder + "/" + name, mode)
    }

    func bytes(of name: String) -> [UInt8] { Self.bytes(of: folder + "/" + name) }

    func remove(_ name: String) { unlink(folder + "/" + name) }

    func files() -> [String] {
        guard let opened = opendir(folder) else { return [] }
        defer { closedir(opened) }
        var names: [String] = []
        while let entry = readdir(opened) {
            names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }

    /// Every file with its bytes.
    func everything() -> [String: [UInt8]] { Dictionary(uniqueKeysWithValues: files().map { ($0, bytes(of: $0)) }) }

    /// SHELTIE_BINARY, else the one beside the tests' own.
    private static func find() throws -> String {
        if let named = getenv("SHELTIE_BINARY") { return String(cString: named) }
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var binary = own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + "sheltie"
        if access(String(binary), X_OK) != 0 {
            // The tests may be loaded by a helper of the toolchain; then the bundle stands among its arguments.
            let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? ""
            binary = bundle.prefix(through: bundle.lastIndex(of: "/") ?? bundle.startIndex) + "sheltie"
        }
        guard access(String(binary), X_OK) == 0 else { throw Fault.noBinary(String(binary)) }
        return String(binary)
    }

    private static func bytes(of path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part.prefix(count) }
        return bytes
    }
}
