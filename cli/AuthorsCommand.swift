import ArgumentParser
import Fediverse
import Glibc
import Privacy
import Recommender
import Store
import Upstream

struct AuthorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authors", abstract: "Authors who want to be left alone.", subcommands: [OptOut.self, OptIn.self, Count.self])

    struct OptOut: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Leave authors alone: everything of theirs goes at once, and nothing comes back.",
            discussion: """
                Example: echo @ana@social.example | sheltie authors opt-out
                One author a line, as @name@instance, a profile's address or the actor's uri. The
                instance is asked who a handle is; only a keyed code of the uri is stored, so there
                is no list that could be shown.
                """)
        @Option(help: "Read the authors from this file instead of standard input.") var file: String?
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let names = try AuthorsCommand.names(in: file)
            try await withInstallation(flags) { installation in
                let authors = try await installation.authorIDs(of: names)
                var posts = 0
                for author in authors {
                    posts += try await installation.storage.statuses.optOut(
                        authorID: author, source: .listing, in: installation.tenant, at: Clock.now())
                }
                let isScrubbed = try await installation.scrub()
                if json {
                    Output.json { writer in
                        writer.object {
                            $0.member("authors", authors.count)
                            $0.member("posts_removed", posts)
                            $0.member("scrubbed", isScrubbed)
                        }
                    }
                } else {
                    Output.line("Left alone from now on: \(authors.count) author\(authors.count == 1 ? "" : "s"); \(posts) post\(posts == 1 ? "" : "s") removed.")
                }
            }
        }
    }

    struct OptIn: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take entries of the operator's back; an author's own request and a tag that was seen stand.",
            discussion: "Example: echo @ana@social.example | sheltie authors opt-in")
        @Option(help: "Read the authors from this file instead of standard input.") var file: String?
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let names = try AuthorsCommand.names(in: file)
            try await withInstallation(flags) { installation in
                let authors = try await installation.authorIDs(of: names)
                var free = 0
                for author in authors {
                    let isFree = try await installation.storage.statuses.optIn(
                        authorID: author, source: .listing, in: installation.tenant, at: Clock.now())
                    if isFree { free += 1 }
                }
                if json {
                    Output.json { writer in
                        writer.object {
                            $0.member("authors", authors.count)
                            $0.member("may_be_recommended", free)
                        }
                    }
                } else {
                    Output.line("Of \(authors.count) author\(authors.count == 1 ? "" : "s") \(free) may be recommended again, as far as their profiles allow it.")
                }
            }
        }
    }

    struct Count: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How many authors are left alone, and why.", discussion: "Example: sheltie authors count --json")
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            try await withInstallation(flags, role: .inspect) { installation in
                let counts = try await installation.storage.statuses.optOutCounts(in: installation.tenant)
                let rows = OptOutSource.allCases.map { ($0.rawValue, counts[$0] ?? 0) }
                if json {
                    Output.json { writer in writer.object { for (name, count) in rows { $0.member(name, count) } } }
                } else {
                    Output.table(["because of", "authors"], rows.map { [$0.0, String($0.1)] })
                }
            }
        }
    }

    private static let mostNames = 10_000

    /// All lines, judged before anybody is asked and anything is changed. A line that names nobody is told by its number.
    private static func names(in file: String?) throws -> [AuthorName] {
        var names: [AuthorName] = []
        for (number, line) in try lines(of: file).enumerated() where !line.allSatisfy(\.isWhitespace) {
            guard let name = AuthorName(line, allowLoopback: true) else {
                throw Failure("line \(number + 1) names no author; write @name@instance or an address; nothing was changed", .badData)
            }
            guard names.count < mostNames else { throw Failure("at most \(mostNames) authors at once; nothing was changed", .badData) }
            names.append(name)
        }
        guard !names.isEmpty else { throw Failure("no author was named; give one a line, as @name@instance", .noInput) }
        return names
    }

    private static func lines(of file: String?) throws -> [String] {
        guard let file else {
            var lines: [String] = []
            while let line = readLine(strippingNewline: true) { lines.append(line) }
            return lines
        }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("the file of authors cannot be read: \(String(cString: strerror(errno)))", .noInput) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &part, part.count)
            if count < 0 { throw Failure("the file of authors cannot be read: \(String(cString: strerror(errno)))", .inputOutput) }
            if count == 0 { break }
            bytes += part[..<count]
            guard bytes.count <= 32 << 20 else { throw Failure("the file of authors is larger than 32 MiB", .badData) }
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

extension Installation {
    /// Everybody's key, looked up before anything is changed.
    fileprivate func authorIDs(of names: [AuthorName]) async throws -> [String] {
        var ids: [String] = []
        for (place, name) in names.enumerated() {
            if case .uri(let uri) = name {
                ids.append(pseudonymizer.authorID(uri: uri))
                continue
            }
            guard let account = try await mastodon.account(name) else {
                throw Failure("the instance does not know author \(place + 1); give the actor's uri instead; nothing was changed", .noInput)
            }
            ids.append(pseudonymizer.authorID(uri: account.uri))
        }
        return ids
    }
}
