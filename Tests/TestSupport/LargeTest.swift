import FoundationEssentials
import Glibc

/// How often a large test repeats, and the row that it leaves in the table of `docs/reliability.md`.
///
/// The counts stand in `Tests/counts.json`; `scripts/test` takes the quick ones, `scripts/test --full` the full ones.
public struct LargeTest: Sendable {
    public let name: String
    public let planned: Int
    public let seed: UInt64
    private let started = ContinuousClock.now

    /// - Parameter seed: what its randomness begins with, so that a failure can be repeated.
    public init(_ name: String, seed: UInt64 = 1) {
        self.name = name
        self.seed = seed
        planned = Self.counts[name]?[Self.isFull ? "full" : "quick"] ?? 0
        precondition(planned > 0, "Tests/counts.json has no count for '\(name)'")
    }

    /// Whether the full counts were asked for.
    public static var isFull: Bool { getenv("SHELTIE_TESTS").map { String(cString: $0) } == "full" }

    /// Leaves the row: `name planned done failed seed seconds`, with tabs between.
    public func finish(done: Int, failed: Int) {
        let seconds = (ContinuousClock.now - started).components.seconds
        let row = "\(name)\t\(planned)\t\(done)\t\(failed)\t\(seed)\t\(seconds)\n"
        guard let path = getenv("SHELTIE_COUNTS_FILE") else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard file >= 0 else { return }
        defer { close(file) }
        // One write of one short line: rows of tests that run at once do not mix.
        let bytes = Array(row.utf8)
        _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }

    private static let counts: [String: [String: Int]] = {
        let path = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/counts.json"
        guard let data = try? Data(contentsOf: URL(filePath: path)),
            let counts = try? JSONDecoder().decode([String: [String: Int]].self, from: data)
        else { preconditionFailure("Tests/counts.json cannot be read") }
        return counts
    }()
}

/// The binary under test, where a test runs the program itself.
public enum BuiltProgram {
    /// From SHELTIE_BINARY, else the debug build beside the tests.
    public static var path: String {
        if let given = getenv("SHELTIE_BINARY") { return String(cString: given) }
        return #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/.build/debug/sheltie"
    }
}
