import Testing

@testable import Fediverse

@Suite struct AuthorNameTests {
    @Test(arguments: [
        ("@ana@social.example", "ana@social.example"), ("ana@social.example", "ana@social.example"), (" acct:ana@Social.Example\r\n", "ana@social.example"),
        ("https://social.example/@ana", "ana@social.example"), ("https://social.example/@ana/114?x=1", "ana@social.example"),
        ("https://home.example/@ana@social.example", "ana@social.example"), ("@ana@home.example", "ana"), ("ana", "ana"), ("https://home.example/@ana", "ana"),
        ("a.b-c_9@bücher.example", "a.b-c_9@xn--bcher-kva.example"), ("ana@social.example:8443", "ana@social.example:8443"),
    ])
    func `every spelling of a handle is one question to the instance`(text: String, acct: String) throws {
        #expect(try #require(AuthorName(text)).acct(at: "home.example") == acct)
    }

    @Test(arguments: ["https://social.example/users/ana", "https://social.example/ap/users/114?x", "http://social.example/u/ana"])
    func `another address is taken for the canonical one`(text: String) {
        #expect(AuthorName(text) == .uri(text))
    }

    @Test(arguments: [
        "", " ", "@", "@@", "a@b@c.example", "ana@", "@social.example@", "an a@social.example", "ana@127.0.0.1", "ana@[::1]", "ana@localhost", "https://", "https://social.example",
        "https://social.example/", "https://127.0.0.1/@ana", "https://169.254.169.254/latest", "file:///etc/passwd", "ana@social.example\u{0}", "ana\nbob@social.example", "ana/../x@social.example",
        "ana%40x@social.example", "ana@social.example/x", "ana@social.example?x", "ana@user:pass@social.example", "javascript:alert(1)", "<b>@social.example", "ana@0x7f.1",
    ])
    func `what names nobody is refused`(text: String) {
        #expect(AuthorName(text) == nil)
    }

    @Test func `a text without end is refused`() {
        #expect(AuthorName("https://social.example/" + String(repeating: "a", count: 3_000)) == nil)
        #expect(AuthorName(String(repeating: "a", count: 65) + "@social.example") == nil)
    }
}

@Suite struct RobotsTagTests {
    @Test(arguments: ["noindex", "NoIndex, nofollow", "none", "nofollow, noindex", "sheltie: noindex", "otherbot: nofollow, sheltie: none", "unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"])
    func `an answer that refuses robots, or us, is refused`(value: String) { #expect(RobotsTag.refuses(value, agent: "Sheltie")) }

    @Test(arguments: ["", "nofollow", "all", "noarchive, nosnippet", "otherbot: noindex", "otherbot: noindex, nofollow", "max-snippet:-1", "indexnoindex", "sheltie: nofollow, otherbot: noindex"])
    func `one that says something else, or to somebody else, is not`(value: String) { #expect(!RobotsTag.refuses(value, agent: "Sheltie")) }
}

@Suite struct InstanceListTests {
    private let list = InstanceList(["bad.example", "xn--bcher-kva.example", "127.0.0.1:8080"])

    @Test(arguments: [
        ("a@bad.example", "https://x.example/1"), ("a@deep.sub.bad.example", "https://x.example/1"), ("a", "https://bad.example/users/a"), ("a@x.example", "https://BAD.example/a"),
        ("a@bad.example.", "https://x.example/1"), ("a@Bücher.example", "https://x.example/1"), ("a@127.0.0.1:8080", ""), ("a", "https://bad.example:443/a"), ("a@x.example", "https://sub.bad.example"),
    ])
    func `an author lives there by handle or by address`(acct: String, uri: String) {
        #expect(list.holds(Account(id: "1", uri: uri, acct: acct)))
        let policy = ConsentPolicy(deniedInstances: list)
        let status = Status.status(by: .author { $0.acct = acct; $0.uri = uri })
        #expect(policy.refusal(status) == .instance)
        #expect(policy.leavesAlone(status.account))
        #expect(policy.refusal(Status.status { $0.quote = .shown(Status.Boxed(status)) }) == .quote)
    }

    @Test(arguments: [("a@notbad.example", "https://x.example/bad.example"), ("bad.example", "https://x.example/1"), ("a@example", "https://x.example"), ("a@bad.example.org", "https://x.example")])
    func `others do not`(acct: String, uri: String) {
        #expect(!list.holds(Account(id: "1", uri: uri, acct: acct)))
        #expect(ConsentPolicy(deniedInstances: list).refusal(Status.status(by: .author { $0.acct = acct; $0.uri = uri })) == nil)
    }
}
