import ArgumentParser
import Fediverse
import Glibc
import Privacy
import Store

extension PrivacyCommand {
    struct Prove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look for traces that should not be there, and print a signed report.",
            discussion: """
                Example: printf %s "$HANDLE" | sheltie privacy prove --words-stdin
                Every personal row is compared with the state table and every shared cell counted anew. Given words are looked for in the database's bytes and rows, in logs and in backups, in a dozen encodings. It only reads, but with --canary. A finding ends it with 65, something that could not be read with 74. The report names places, never a value.
                """)
        @Flag(help: "Read words from standard input, one a line: handles, ids, tokens, aliases. Each of 8 bytes or more.") var wordsStdin = false
        @Option(help: "A log to look into; may be given several times.") var log: [String] = []
        @Option(help: "A backup to look into, sealed or plain; may be given several times (default: those beside the database).") var backup: [String] = []
        @Option(help: "A PostgreSQL server's data folder, where this user may read it.") var dataDirectory: String?
        @Flag(help: "Let an invented person at FULL act, find them, erase them, and find nothing left.") var canary = false
        @Option(help: "Look at nothing; tell whether this file is a report as it was signed.") var check: String?
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let settings = try await Settings.load(flags)
            let ring = try KeyRing.load(path: settings.text("keyFile"))
            if let check { return try Self.check(check, ProofSeal(ring)) }
            let words = wordsStdin ? try Self.words() : []
            guard wordsStdin || log.isEmpty && backup.isEmpty && dataDirectory == nil else {
                throw Failure("--log, --backup and --data-directory need words to look for: --words-stdin", .usage)
            }
            var proof = try Proof(settings, ring, search: ByteSearch(words), words: words)
            proof.report.words = words.count
            try await proof.look(logs: log, backups: backup.isEmpty ? nil : backup, dataDirectory: dataDirectory)
            if canary { try await proof.sendCanary() }
            let (report, seal) = (proof.finish(), ProofSeal(ring))
            print(json ? seal.sign(json: report.json) : seal.sign(text: report.text), terminator: "")
            if !report.findings.isEmpty { throw Failure("\(report.findings.count) finding(s)", .badData) }
            if !report.unread.isEmpty { throw Failure("\(report.unread.count) thing(s) could not be looked into", .inputOutput) }
        }

        private static func words() throws -> [String] {
            var words: [String] = []
            while let line = readLine(strippingNewline: true) {
                let word = line.trimmed
                if word.isEmpty { continue }
                guard word.utf8.count >= ByteSearch.shortestWord else {
                    throw Failure("word \(words.count + 1) has fewer than \(ByteSearch.shortestWord) bytes and would be met by chance", .usage)
                }
                words.append(word)
                guard words.count <= 100 else { throw Failure("give at most 100 words at once", .usage) }
            }
            guard !words.isEmpty else { throw Failure("no word came on standard input", .noInput) }
            return words
        }

        private static func check(_ path: String, _ seal: ProofSeal) throws {
            let longest = 64 << 20
            let bytes = FileSearch.beginning(of: path, count: longest)
            guard !bytes.isEmpty else { throw Failure("the report cannot be read", .noInput) }
            switch seal.check(bytes) {
            case .genuine: Output.line("The report is as it was signed with this installation's key.")
            case .altered: throw Failure("the report was changed after it was signed", .badData)
            case .unknownKey(let id): throw Failure("the report was signed with the key \(id.prefix(16)), which is not in the key file", .badData)
            case .notAReport: throw Failure("this file is no report that 'sheltie privacy prove' printed", .badData)
            }
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var rest = Substring(self)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        return String(rest)
    }
}
