import Glibc

/// The files under the given paths in which some bytes stand, found by another process: where this one has a database open, closing a file
/// of it would drop its locks.
/// - Parameter words: ASCII, each at least 8 bytes long, so that none is met by chance.
public func files(under paths: [String], holding words: [String]) throws -> [String] {
    precondition(words.allSatisfy { $0.utf8.count >= 8 }, "a word of fewer than 8 bytes is found by chance")
    let folder = try temporaryFolder()
    defer { removeTree(folder) }
    // 1 is "nothing found"; a file that goes away while it is looked for is no fault either.
    let script = "out=$1; shift; LC_ALL=C grep -rlaF \"$@\" > \"$out\" 2> /dev/null; test $? -le 2"
    try runToEnd(["sh", "-c", script, "sh", folder + "/found"] + words.flatMap { ["-e", $0] } + ["--"] + paths)
    return String(decoding: bytes(of: folder + "/found"), as: UTF8.self).split(separator: "\n").map(String.init)
}
