import Fediverse
import Glibc
import Privacy
import Testing

@testable import Recommender

struct CorgiFormulaTests {
    @Test func `corgi-v1 gives what a second program computed from the documented formula`() throws {
        let cases = try fixture()
        #expect(cases.count >= 200)
        for line in cases {
            let terms = CorgiFormula.terms(
                favourites: line.numbers[0], reblogs: line.numbers[1], replies: line.numbers[2], positive: line.numbers[3],
                total: line.numbers[4], ageSeconds: line.age)
            #expect(abs(terms.author - line.numbers[6]) <= 1e-9, "\(line.text)")
            #expect(abs(terms.engagement - line.numbers[7]) <= 1e-9, "\(line.text)")
            #expect(abs(terms.recency - line.numbers[8]) <= 1e-9, "\(line.text)")
            #expect(abs(terms.score - line.numbers[9]) <= 1e-9, "\(line.text)")
        }
    }

    /// The same cases as statuses in an index, read by a person: what is served is what the formula says.
    @Test func `a slate by corgi-v1 has the formula's scores, reasons and threshold`() throws {
        let recommender = TimelineRecommender(policy: .corgi, caps: .none)
        var served = 0
        // An index keeps counters up to 2^32 - 1 and only dated statuses of the last 14 days.
        for line in try fixture() where line.age.map({ $0 <= 1_209_600 }) ?? false && line.numbers[0] < 4e9 {
            let post = StoredPost(
                key: PostKey(1), author: AuthorKey(1), localID: "1",
                createdAt: now - .init(microseconds: Int64((line.age ?? 0) * 1_000_000)), language: "en",
                favourites: Int(line.numbers[0]), reblogs: Int(line.numbers[1]), replies: Int(line.numbers[2]))
            var history = ReaderHistory()
            if line.numbers[4] > 0 {
                history.authors[AuthorKey(1)] = .pull(0.5, interactions: Int(line.numbers[4]), positive: Int(line.numbers[3]))
            }
            let slate = recommender.slate(
                for: history, level: .limited, from: CandidateIndex([post]), size: 4, at: now, seed: 1)
            #expect(slate.policy == "corgi-v1")
            #expect(slate.entries.count == Int(line.numbers[10]), "\(line.text)")
            guard let entry = slate.entries.first else { continue }
            #expect(abs(entry.score - line.numbers[9]) <= 1e-9, "\(line.text)")
            #expect(entry.reason.rawValue == line.reason, "\(line.text)")
            served += 1
        }
        #expect(served > 200)
    }

    @Test func `corgi-v1 looks at the newest 100 of 14 days and forgets an author after 30 days`() {
        let old = StoredPost.status(200, hours: 14 * 24 + 1, favourites: 1_000_000)
        let popular = StoredPost.status(101, hours: 300, favourites: 1_000_000)
        let posts = (1...100).map { StoredPost.status(Int64($0), author: Int64($0), hours: Double($0)) }
        let recommender = TimelineRecommender(policy: .corgi, caps: .none)
        let history = ReaderHistory(authors: [AuthorKey(100): .pull(1, daysAgo: 31), AuthorKey(90): .pull(1, daysAgo: 29)])
        let slate = recommender.slate(
            for: history, level: .limited, from: CandidateIndex(posts + [popular, old]), size: 200, at: now, seed: 1)
        #expect(!slate.keys.contains(200) && !slate.keys.contains(101))
        #expect(slate.entries.count == 100)
        #expect(slate.entries.filter { $0.reason == .author }.map(\.author.value) == [90])
    }

    @Test func `the fixture is what the second program prints`() throws {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let program = try #require(popen("command -v python3 >/dev/null && python3 '\(folder)/corgi_v1_reference.py'", "r"))
        let printed = readAll(program)
        let status = pclose(program)
        if printed.isEmpty, status != 0 { return }  // no Python on this machine: the committed table stands alone
        #expect(status == 0)
        #expect(printed == (try text()))
    }

    private struct Case {
        var text: String
        /// All columns but the reason, 0 where a column is not a number.
        var numbers: [Double]
        var age: Double?
        var reason: String
    }

    private func text() throws -> String {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let file = try #require(fopen("\(folder)/corgi_v1.tsv", "r"))
        defer { fclose(file) }
        return readAll(file)
    }

    private func fixture() throws -> [Case] {
        try text().split(separator: "\n").dropFirst().map { line in
            var fields = line.split(separator: "\t").map(String.init)
            try #require(fields.count == 12)
            let reason = fields.remove(at: 10)
            let age = fields[5] == "-" ? nil : Double(fields[5])
            return Case(text: String(line), numbers: fields.map { Double($0) ?? 0 }, age: age, reason: reason)
        }
    }

    private func readAll(_ file: UnsafeMutablePointer<FILE>) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
