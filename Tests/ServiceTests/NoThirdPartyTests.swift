import Fediverse
import Glibc
import LoopbackClient
import TestSupport
import Testing

extension ServiceTests {
    /// No request to anybody but the configured instance because of a person: media, cards and other servers are the instance's affair.
    struct NoThirdPartyTests {
        @Test func `whatever people ask, the service connects to its instance and to nobody else`() async throws {
            let test = LargeTest("third-party-requests", seed: 61)
            let elsewhere = ScriptedServer { _, connection in connection.answer(200, [("Content-Type", "application/json")], "{}") }
            try await Upstream.serving(people: 80, posts: 1_200) { upstream in
                let place = try Place(upstream: upstream.address)
                let recorder = try ConnectRecorder(in: place.folder)
                let people = try (0..<8).map { try Visitor("zaungast_nummer_\($0)", named: "Zaungast \($0)", at: upstream) }
                for visitor in people { try await visitor.settle(following: 12) }
                try await place.run(["ingest"])
                for visitor in people { try await place.run(["privacy", "set"], ["--level", "FULL", "--token-stdin"], input: visitor.token) }
                let program = try Program(
                    ["serve"] + place.flags + ["--listen", "127.0.0.1:0", "--ingest-interval", "1", "--request-budget", "100000"],
                    environment: recorder.environment, folder: place.folder)
                let failures = try await program.lending { program in
                    let port = try await program.port()
                    let failures = try await Self.failures(of: people.map { $0.at(port) }, requests: test.planned, elsewhere.authority)
                    program.send(SIGTERM)
                    #expect(try await program.ended() == .init(code: 0))
                    return failures
                }
                #expect(failures == 0)
                let reached = recorder.reached()
                #expect(reached.connects == ["127.0.0.1:\(upstream.port)"], "\(reached.connects)")
                #expect(reached.names.isSubset(of: ["127.0.0.1"]), "\(reached.names)")
                #expect(elsewhere.requests.isEmpty)
                test.finish(done: test.planned, failed: failures + reached.connects.subtracting(["127.0.0.1:\(upstream.port)"]).count)
            }
        }

        /// All of them at once, each with a share of the requests.
        private static func failures(of people: [Visitor], requests: Int, _ elsewhere: String) async throws -> Int {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for (number, visitor) in people.enumerated() {
                    group.addTask {
                        var failures = 0
                        for turn in stride(from: number, to: requests, by: people.count) {
                            if try await !ask(visitor, turn / people.count, elsewhere) { failures += 1 }
                        }
                        return failures
                    }
                }
                return try await group.reduce(0, +)
            }
        }

        /// - Returns: false for an answer that a client would not get without us either.
        private static func ask(_ visitor: Visitor, _ turn: Int, _ elsewhere: String) async throws -> Bool {
            let (method, target, form, isFine): (String, String, String?, ClosedRange<Int>) =
                switch turn % 20 {
                case 0: ("GET", "/api/v1/timelines/home?limit=40", nil, 200...200)
                case 1: ("GET", "/api/v1/timelines/public?limit=5", nil, 200...200)
                case 2: ("GET", "/api/v2/search?q=https%3A%2F%2F\(elsewhere)%2F%40ana&resolve=true", nil, 200...404)
                case 3: ("POST", "/api/v1/statuses", "status=Look+at+http%3A%2F%2F\(elsewhere)%2Fpicture.png&visibility=public", 200...200)
                case 4: ("POST", "/sheltie/api/v1/authors/code", "account=https%3A%2F%2F\(elsewhere)%2F%40ana", 404...429)
                case 5: ("GET", "/sheltie/why/popular", nil, 200...200)
                case 6: ("GET", "/sheltie/avatar.png?src=http://\(elsewhere)/", nil, 200...200)
                case 7: ("GET", "/api/v1/accounts/\(visitor.accountID)/statuses?limit=2", nil, 200...200)
                case 8: ("GET", "/proxy?url=http://\(elsewhere)/", nil, 400...404)
                case 9: ("GET", "/api/v1/accounts/lookup?acct=ana@\(elsewhere)", nil, 404...404)
                default: ("GET", "/api/v1/accounts/verify_credentials", nil, 200...200)
                }
            return isFine.contains(try await visitor.send(method, target, form: form).status)
        }
    }
}

/// Notes, in front of the C library, every address to which a process connects and every name that it looks up.
private struct ConnectRecorder {
    struct Reached {
        var connects: Set<String> = []
        var names: Set<String> = []
    }

    private let library: String
    private let file: String

    init(in folder: String) throws {
        (library, file) = ("\(folder)/connects.so", "\(folder)/connects")
        try write(Self.source.utf8, to: file + ".c")
        try runToEnd(["clang", "-O1", "-shared", "-fPIC", "-o", library, file + ".c"])
    }

    /// For the process that is to be watched.
    var environment: [String: String] { ["LD_PRELOAD": library, "TEST_CONNECTS": file] }

    func reached() -> Reached {
        var reached = Reached()
        for line in String(decoding: bytes(of: file), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "connect" { reached.connects.insert(words.dropFirst().joined()) }
            if words.first == "name" { reached.names.insert(words.dropFirst().joined()) }
        }
        return reached
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <arpa/inet.h>
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <netdb.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <unistd.h>

        static void note(const char *line) {
            int file = open(getenv("TEST_CONNECTS"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            if (file < 0) abort();
            if (write(file, line, strlen(line)) < 0) abort();
            close(file);
        }

        int connect(int socket, const struct sockaddr *address, socklen_t length) {
            char line[200] = "connect other\\n", host[100] = "";
            if (address->sa_family == AF_INET) {
                const struct sockaddr_in *in = (const void *)address;
                inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
                snprintf(line, sizeof line, "connect %s:%d\\n", host, ntohs(in->sin_port));
            } else if (address->sa_family == AF_INET6) {
                const struct sockaddr_in6 *in = (const void *)address;
                inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
                snprintf(line, sizeof line, "connect [%s]:%d\\n", host, ntohs(in->sin6_port));
            }
            note(line);
            int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
            return real(socket, address, length);
        }

        int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
            char line[400];
            snprintf(line, sizeof line, "name %s\\n", node ? node : "none");
            note(line);
            int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
            return real(node, service, hints, found);
        }

        /* Packets without a connection: name servers are asked so. */
        ssize_t sendto(int socket, const void *bytes, size_t count, int flags, const struct sockaddr *address, socklen_t length) {
            if (address) note("connect datagram\\n");
            ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "sendto");
            return real(socket, bytes, count, flags, address, length);
        }
        """
}
