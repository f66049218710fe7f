import ArgumentParser
import Fediverse
import Glibc
import Privacy
import Store

extension PrivacyCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every stored row about a person: as JSON, or as a zip with its schema and CSV.",
            discussion: """
                Example: printf %s "$TOKEN" | sheltie privacy export --token-stdin > mine.json
                Example: sheltie privacy export --zip mine.zip --alias $ALIAS
                """)
        @OptionGroup var who: WhoFlags
        @Option(help: "Write a zip to this new file; - is standard output.") var zip: String?
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            if zip == "-", isatty(Output.results) != 0 { throw Failure("a zip is not for a terminal; name a file, or send it on with > or |", .usage) }
            try await withInstallation(flags, role: .inspect) { installation in
                let export = try await installation.rights.export(of: who.alias(in: installation))
                switch zip {
                case nil: print(export.json)
                case "-": try PersonalFile.write(export.zip, to: Output.results)
                case let path?:
                    try PersonalFile.create(export.zip, at: path)
                    Output.note("Written: \(path)")
                }
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take settings and suppressions along from another installation's export.",
            discussion: """
                Example: sheltie privacy import --file mine.zip --alias $ALIAS
                Acts and recommendations stay where they were. An author's id means the same only under the same key.
                """)
        @OptionGroup var who: WhoFlags
        @Option(help: "An export, as JSON or as a zip.") var file: String
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let document = try PersonalFile.read(file)
            try await withInstallation(flags) { installation in
                let taken = try await installation.rights.take(document, of: who.alias(in: installation))
                if json {
                    Output.json { taken.write(to: &$0) }
                } else {
                    for table in taken.taken.keys.sorted() { Output.line("\(table): \(taken.taken[table] ?? 0) taken") }
                    if taken.notKept > 0 { Output.line("Not kept at this level, or past its time: \(taken.notKept).") }
                    if taken.leftOut.unknownSettings > 0 { Output.line("Settings that this version does not have: \(taken.leftOut.unknownSettings).") }
                    if taken.leftOut.ofOtherKey > 0 {
                        Output.line("Authors that cannot be known again here, because another installation's key made their ids: \(taken.leftOut.ofOtherKey).")
                    }
                }
            }
        }
    }
}

/// Files that hold a person's data: for the caller alone.
private enum PersonalFile {
    static func create(_ bytes: [UInt8], at path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw errno == EEXIST
                ? Failure("there is a file of this name already; an export never overwrites one", .cannotCreate)
                : Failure("the file cannot be made: \(String(cString: strerror(errno)))", .cannotCreate)
        }
        defer { close(file) }
        do {
            try write(bytes, to: file)
            guard fsync(file) == 0 else { throw Failure("the export could not be written: \(String(cString: strerror(errno)))", .inputOutput) }
        } catch {
            unlink(path)
            throw error
        }
    }

    static func write(_ bytes: [UInt8], to file: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure("the export could not be written: \(String(cString: strerror(errno)))", .inputOutput) }
            rest = rest.dropFirst(count)
        }
    }

    static func read(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure("the file cannot be read: \(String(cString: strerror(errno)))", .noInput) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure("the file cannot be read: \(String(cString: strerror(errno)))", .noInput) }
            if count == 0 { return bytes }
            bytes += part[..<count]
            guard bytes.count <= BroughtPreferences.mostBytes else { throw BroughtError.tooLarge }
        }
    }
}
