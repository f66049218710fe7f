import Glibc
import TestSupport

/// A wall clock of a process's own, which a test sets while the process runs. It goes in front of the C library's; the clocks that
/// nobody can set stay true.
struct WrongClock {
    private let library: String
    private let file: String

    /// Made by the compiler that has made the tests.
    init(in folder: String, for name: String) throws {
        (library, file) = ("\(folder)/clock-\(name).so", "\(folder)/clock-\(name)")
        try write(Self.source.utf8, to: file + ".c")
        try runToEnd(["clang", "-O1", "-shared", "-fPIC", "-o", library, file + ".c"])
        try set(ahead: 0)
    }

    /// For the process that is to go by it.
    var environment: [String: String] { ["LD_PRELOAD": library, "TEST_CLOCK": file] }

    /// - Parameter seconds: negative for a clock that is behind.
    func set(ahead seconds: Int) throws {
        // In one step: nobody reads half of it.
        try write("\(seconds)\n".utf8, to: file + ".new")
        rename(file + ".new", file)
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <time.h>
        #include <unistd.h>

        int clock_gettime(clockid_t clock, struct timespec *time) {
            int code = syscall(SYS_clock_gettime, clock, time);
            if (code == 0 && clock == CLOCK_REALTIME) {
                char text[32] = {0};
                int file = open(getenv("TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
                if (file >= 0) {
                    if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atoll(text);
                    close(file);
                }
            }
            return code;
        }
        """
}
