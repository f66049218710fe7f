import Testing

struct ThreatModelTests {
    @Test func `every threat has an answer, and each proof is a test of the named file`() throws {
        let page = Markdown(try Repository.text("docs/threat-model.md"))
        let kinds = page.sections.filter { $0.level == 2 && $0.rows.contains { $0.count == 4 } }
        // LINDDUN has seven, STRIDE six.
        #expect(kinds.count == 13)
        var seen: Set<String> = []
        for row in kinds.flatMap(\.rows) {
            try #require(row.count == 4, "\(row)")
            let id = row[0]
            #expect(seen.insert(id).inserted, "\(id) stands twice")
            #expect(row[1].count > 10 && row[2].count > 10, "\(id) lacks a threat or its answer")
            let proofs = row[3].replacing("<br>", with: "\n").split(separator: "\n")
            #expect(!proofs.isEmpty, "\(id) has no proof")
            for proof in proofs {
                // [File](../Tests/…/File.swift): "the test's sentence"
                let parts = proof.split(separator: "](../", maxSplits: 1)
                try #require(parts.count == 2, "\(id): \(proof)")
                let path = String(parts[1].prefix { $0 != ")" })
                let sentence = parts[1].dropFirst(path.count).drop { $0 != "\"" }.dropFirst().dropLast()
                #expect(!sentence.isEmpty, "\(id): \(proof)")
                #expect(try Repository.text(path).contains("func `\(sentence)`"), "\(id): \(path) has no test \"\(sentence)\"")
            }
        }
    }
}
