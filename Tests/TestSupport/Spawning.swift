import Glibc

/// Runs a program to its end, with our own standard output and error.
/// - Parameter words: the program, found on the PATH, and its arguments.
/// - Throws: unless it ends with 0.
public func runToEnd(_ words: [String]) throws {
    var child: pid_t = 0, status: Int32 = -1
    var arguments = (["/usr/bin/env"] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    guard posix_spawn(&child, "/usr/bin/env", nil, nil, &arguments, environ) == 0 else { throw FileFailure(description: "\(words[0]) cannot be started") }
    while waitpid(child, &status, 0) != child { guard errno == EINTR else { break } }
    guard status == 0 else { throw FileFailure(description: "\(words[0]) ended with \(status >> 8)") }
}
