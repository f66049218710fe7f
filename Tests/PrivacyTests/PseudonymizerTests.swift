import Privacy
import TestSupport
import Testing

/// The published key: 32 bytes, 0x00 to 0x1f.
let publishedKey: [UInt8] = Array(0x00...0x1F)

@Suite struct PseudonymizerTests {
    let pseudonymizer: Pseudonymizer

    init() throws { pseudonymizer = Pseudonymizer(try MasterKey(bytes: publishedKey)) }

    // All literals of this suite are from Tests/Reference/pseudonyms.py, Python's own hmac and hashlib.

    @Test func `the published account has the published alias`() throws {
        #expect(try pseudonymizer.alias(domain: "mastodon.example", accountID: "109876543210").hex == "d3fe9473997785dc5a6d32936f6a9da465d492f8ba85348dfa3fa759cf439d14")
        #expect(try pseudonymizer.alias(domain: "localhost:8081", accountID: "01HZX-ab_C").hex == "1923c5c835633f2eaad0cfb6e7d983ae14472382edcb758f75def36e966059e1")
    }

    @Test func `the key is named by the start of its own code`() {
        #expect(pseudonymizer.keyID == "fa0cde5e86539aca")
    }

    @Test func `authors, the ledger and virtual accounts each have a key of their own`() throws {
        #expect(pseudonymizer.authorID(uri: "https://mastodon.example/users/alice") == "77d958bdbcffc4b1f6f73f6e5c39345e94f9987938c70aa4f7af26a01c043e45")
        let alias = try pseudonymizer.alias(domain: "mastodon.example", accountID: "109876543210")
        #expect(pseudonymizer.ledgerTag(alias) == "29a31bfc84a097e2ec906ec72b3c493317f15aa745f9e416a2140ac85a2d0ae2")
        #expect(pseudonymizer.virtualAccountID(reason: "tag-affinity", argument: "swift", language: "en") == "sheltieg4vmc5ulv7jd7dh773qs")
    }

    @Test func `a status has the public id that anyone can compute`() {
        #expect(Pseudonymizer.postID(host: "mastodon.example", uri: "https://a.example/users/alice/statuses/1") == "1939448224b209e485eb4cae0721aa86f7b82c606cf5fb752f283c05d8e878de")
    }

    @Test(arguments: ["", "Mastodon.example", "mastodon.example ", "bücher.example", "a/b", "a@b", String(repeating: "a", count: 260)])
    func `a host that is not canonical is refused`(domain: String) {
        #expect(throws: PseudonymError.domainNotCanonical) { try pseudonymizer.alias(domain: domain, accountID: "1") }
    }

    @Test(arguments: ["", "1 2", "ä", "a.b", "a/b", "1\0", "@alice", String(repeating: "1", count: 65)])
    func `an account id of other characters or another length is refused`(id: String) {
        #expect(throws: PseudonymError.accountIDRefused) { try pseudonymizer.alias(domain: "a.example", accountID: id) }
    }

    @Test func `the longest host and id are accepted`() throws {
        let domain = String(repeating: "a", count: 259)
        let id = String(repeating: "Z", count: 64)
        #expect(try pseudonymizer.alias(domain: domain, accountID: id).hex.utf8.count == 64)
    }

    @Test func `10,000 pairs that nearly match have 20,000 aliases`() throws {
        var generator = SeededGenerator(seed: 20_260_701)
        var seen: Set<String> = []
        var given: Set<[String]> = []
        while seen.count < 20_000 {
            let left = Person.random(using: &generator)
            let right = left.nearMiss(using: &generator)
            guard given.insert([left.domain, left.id]).inserted, given.insert([right.domain, right.id]).inserted else { continue }
            let first = try pseudonymizer.alias(domain: left.domain, accountID: left.id)
            let second = try pseudonymizer.alias(domain: right.domain, accountID: right.id)
            try #require(first != second)
            try #require(seen.insert(first.hex).inserted && seen.insert(second.hex).inserted)
        }
        // A moved border is the pair that a message without lengths would confuse.
        #expect(try pseudonymizer.alias(domain: "a.b", accountID: "c1") != pseudonymizer.alias(domain: "a.bc", accountID: "1"))
    }

    @Test func `another master key gives other pseudonyms everywhere`() throws {
        let other = Pseudonymizer(try MasterKey(bytes: Array(0x01...0x20)))
        #expect(other.keyID != pseudonymizer.keyID)
        #expect(try other.alias(domain: "a.example", accountID: "1") != pseudonymizer.alias(domain: "a.example", accountID: "1"))
        #expect(other.authorID(uri: "https://a.example/1") != pseudonymizer.authorID(uri: "https://a.example/1"))
    }

    @Test func `virtual accounts are told apart by each of their three parts`() {
        let ids = [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", ""), ("", "ab", "c")].map {
            pseudonymizer.virtualAccountID(reason: $0.0, argument: $0.1, language: $0.2)
        }
        #expect(Set(ids).count == 5)
        for id in ids { #expect(id.utf8.count == 27 && id.hasPrefix("sheltie") && id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }) }
    }
}

/// An invented account at an invented instance.
struct Person: Sendable {
    var domain: String
    var id: String

    private static let domainLetters = Array("abcdefghijklmnopqrstuvwxyz0123456789-")
    private static let idLetters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")

    static func random(using generator: inout SeededGenerator) -> Person {
        let name = text(of: domainLetters, Int.random(in: 1...20, using: &generator), using: &generator)
        let port = Bool.random(using: &generator) ? ":\(Int.random(in: 1...65_535, using: &generator))" : ""
        return Person(domain: "\(name).example\(port)", id: text(of: idLetters, Int.random(in: 2...64, using: &generator), using: &generator))
    }

    /// One small slip away: a changed, a missing or an added character, another case, or a moved border.
    func nearMiss(using generator: inout SeededGenerator) -> Person {
        var other = self
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: other.id = String(id.dropLast()) + (id.last == "7" ? "8" : "7")
        case 1: other.id.removeLast()
        case 2: other.domain += "1"
        case 3: other.id = id.lowercased() == id ? id.uppercased() : id.lowercased()
        default:
            other.domain += id.prefix(1).lowercased()
            other.id.removeFirst()
        }
        return other.id == id && other.domain == domain ? Person(domain: domain + "0", id: id) : other
    }

    private static func text(of letters: [Character], _ count: Int, using generator: inout SeededGenerator) -> String {
        String((0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
    }
}
