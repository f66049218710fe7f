import Fediverse
import Privacy
import Testing

struct AgreementTests {
    @Test(arguments: [PrivacyLevel.limited, .full])
    func `the text that is agreed to names everything that the level keeps`(level: PrivacyLevel) {
        let agreement = Agreement(to: level)
        for record in KeepingPolicy.Record.allCases {
            let words = KeepingPolicy.standard.words(for: record, at: level)
            #expect(agreement.text.contains("\(record.title): \(words)") == (words != "nothing"), "\(record)")
        }
        #expect(agreement.id.utf8.count == 16 && agreement.id != Agreement(to: level == .full ? .limited : .full).id)
    }

    @Test func `NONE needs no agreement`() { #expect(Agreement(to: .none).text == "At NONE nothing about you is kept.") }
}

struct SubjectTests {
    @Test(arguments: [
        ("author", "abc"), ("author", String(repeating: "A", count: 64)), ("reason", ""), ("reason", "@alice@a.example"), ("reason", "a b"),
        ("reason", String(repeating: "a", count: 65)), ("post", "popular"), ("", ""),
    ])
    func `what is held back is a keyed author or a short code, never a name`(kind: String, subject: String) {
        #expect(Suppression.Subject(kind: kind, subject: subject) == nil)
    }

    @Test func `both kinds read as they are written`() {
        for subject in [Suppression.Subject.author(id: String(repeating: "a", count: 64)), .reason(code: "tag-affinity")] {
            #expect(Suppression.Subject(kind: subject.words.kind, subject: subject.words.subject) == subject)
        }
    }
}

struct CSVTests {
    @Test(arguments: [
        ("=1+1", "\"'=1+1\""), ("+1", "\"'+1\""), ("-1", "\"'-1\""), ("@sum", "\"'@sum\""), ("\tx", "\"'\tx\""), ("\rx", "\"'\rx\""), ("\u{FF1D}1", "\"'\u{FF1D}1\""),
        ("a=1", "\"a=1\""), ("", "\"\""), ("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\""), ("1.5", "\"1.5\""),
    ])
    func `a cell that begins like a formula has an apostrophe before it`(cell: String, written: String) {
        #expect(PersonalTable.of("t", ["c"], [[cell]]).csv == "\"c\"\r\n\(written)\r\n")
    }

    @Test func `a missing value is nothing, an empty one is quoted`() {
        #expect(PersonalTable.of("t", ["a", "b"], [[nil, ""]]).csv == "\"a\",\"b\"\r\n,\"\"\r\n")
    }
}
