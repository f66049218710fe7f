import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The repository's own files, by their paths from the top.
enum Repository {
    static let top = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: top + "/" + path, encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: top + "/" + path) }

    /// Every page: those at the top, and those in `docs`.
    static func pages() throws -> [String] {
        let top = try FileManager.default.contentsOfDirectory(atPath: top)
        let docs = try FileManager.default.subpathsOfDirectory(atPath: self.top + "/docs").map { "docs/" + $0 }
        return (top + docs).filter { $0.hasSuffix(".md") }.sorted()
    }

    /// The names of all Swift files of the product.
    static func swiftFiles() throws -> Set<String> {
        var names: Set<String> = []
        for folder in ["Sources", "cli", "migrations"] {
            for path in try FileManager.default.subpathsOfDirectory(atPath: top + "/" + folder) where path.hasSuffix(".swift") {
                if let name = path.split(separator: "/").last { names.insert(String(name)) }
            }
        }
        return names
    }
}

/// The program under test, as a shell would start it, with no setting in its environment.
struct Program {
    let status: Int32
    let output: String

    static func run(_ arguments: String...) throws -> Program { try run(arguments) }

    /// - Parameter arguments: words without a quote.
    static func run(_ arguments: [String]) throws -> Program {
        precondition(arguments.allSatisfy { !$0.contains("'") })
        try #require(access(BuiltProgram.path, X_OK) == 0, "build first: \(BuiltProgram.path) is not there")
        let words = ([BuiltProgram.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let pipe = try #require(popen("cd / && env -i \(words) 2>&1 </dev/null", "r"))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        let status = pclose(pipe)
        return Program(status: (status >> 8) & 0xFF, output: String(decoding: bytes, as: UTF8.self))
    }

    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(output.utf8))
    }
}

/// One setting, as `config check --json` tells it.
struct Setting: Decodable {
    let value: String
    let from: String
    let flag: String
    let environment: String
    let key: String
    let `default`: String
    let sentence: String

    static func all() throws -> [String: Setting] {
        let checked = try Program.run("config", "check", "--json")
        try #require(checked.status == 0, "\(checked.output)")
        return try checked.decoded([String: Setting].self)
    }
}
