import TestSupport
import Testing

@testable import Fediverse

@Suite struct ConsentTests {
    private let policy = ConsentPolicy()

    @Test func `an author who says yes is recommended`() {
        #expect(policy.refusal(.status()) == nil)
    }

    /// Twelve signals, each good or bad: bit i set is the i-th one bad.
    @Test func `all 4,096 combinations of twelve signals are judged as a second rule judges them`() {
        let test = LargeTest("consent-combinations", seed: 1)
        #expect(test.planned == 1 << 12, "each of them once")
        var (allowed, failed) = (0, 0)
        for bits in 0..<test.planned {
            func isBad(_ signal: Int) -> Bool { bits >> signal & 1 == 1 }
            // Signals with several bad values take turns.
            let turn = bits / 7
            let account = Account.author { account in
                if isBad(1) { account.discoverable = turn % 2 == 0 ? false : nil }
                if isBad(2) { account.indexable = turn % 2 == 0 ? false : nil }
                if isBad(3) { account.noindex = true }
                if isBad(4) { account.locked = true }
                if isBad(5) { if turn % 2 == 0 { account.bot = true } else { account.group = true } }
                if isBad(6) {
                    switch turn % 4 {
                    case 0: account.suspended = true
                    case 1: account.limited = true
                    case 2: account.memorial = true
                    default: account.moved = true
                    }
                }
                if isBad(7) {
                    switch turn % 3 {
                    case 0: account.note = "<p>No robots: #NoBot.</p>"
                    case 1: account.displayName = "Ada #norecommend"
                    default: account.fields = ["Search", "#nosearch"]
                    }
                }
            }
            let status = Status.status(by: account) { status in
                if isBad(0) { status.visibility = [.unlisted, .private, .direct][turn % 3] }
                if isBad(8) { status.inReplyToID = "9" }
                if isBad(9) { if turn % 2 == 0 { status.sensitive = true } else { status.spoilerText = "food" } }
                if isBad(10) { status.mentions = 1 + turn % 3 }
            }
            let refusal = policy.refusal(status, authorOptedOut: isBad(11))
            let expected = secondVerdict((0..<12).map(isBad))
            #expect((refusal == nil) == expected, "combination \(bits)")
            if (refusal == nil) != expected { failed += 1 }
            if refusal == nil { allowed += 1 }
        }
        #expect(allowed == 1)
        test.finish(done: test.planned, failed: failed)
    }

    @Test func `hand-written biographies in twelve languages are judged as their writer meant them`() {
        let test = LargeTest("consent-bios", seed: 2)
        #expect(HandWrittenBios.all.count == test.planned && Set(HandWrittenBios.all.map(\.language)).count == 12)
        var failed = 0
        for bio in HandWrittenBios.all {
            let refusal = policy.refusal(.status(by: .author { $0.note = "<p>\(bio.text)</p>" }))
            let isRight = refusal == (bio.refuses ? .optOutTag : nil)
            #expect(isRight, "\(bio.language): \(bio.text)")
            if !isRight { failed += 1 }
        }
        test.finish(done: HandWrittenBios.all.count, failed: failed)
    }

    /// Written as the text is: every line must hold.
    private func secondVerdict(_ bad: [Bool]) -> Bool {
        let lines = [
            "public", "discoverable", "indexable", "noindex", "locked", "bot or group", "suspended, limited, memorial, moved", "no tag against it",
            "no reply", "nothing sensitive", "nobody addressed", "not opted out",
        ]
        return zip(lines, bad).filter(\.1).isEmpty
    }

    private static let bios: [(text: String, refuses: Bool)] = [
        ("\"<p>I herd sheep.</p>\"", false), ("\"\"", false), ("null", false), ("\"#nobotany is my field\"", false), ("\"no bots, no indexing\"", false),
        ("\"<p>#nobot</p>\"", true), (#""<a href=\"https://a.example/tags/noindex\" rel=\"tag\">#<span>noindex</span></a>""#, true), (#""\uff03NoArchive""#, true),
    ]

    @Test func `drawn authors, with signals missing or null, are judged through the reader as by the second rule`() throws {
        let test = LargeTest("consent-drawn", seed: 31)
        var random = SeededGenerator(seed: test.seed)
        var (allowed, failed) = (0, 0)
        for round in 0..<test.planned {
            // Mostly good answers, or nothing would ever be allowed.
            func draw(_ good: String?, _ others: [String?]) -> String? {
                Int.random(in: 0..<12, using: &random) > 0 ? good : others.randomElement(using: &random) ?? good
            }
            var said: SecondConsentRule.Case = [:]
            let boolean: [String?] = ["true", "false", "null", nil]
            for member in ["locked", "bot", "group", "suspended", "limited", "memorial", "moved", "noindex", "sensitive"] { said[member] = draw("false", boolean) }
            for member in ["discoverable", "indexable"] { said[member] = draw("true", boolean) }
            said["visibility"] = draw("\"public\"", ["\"unlisted\"", "\"private\"", "\"direct\"", "\"local\"", "\"Public\"", "\"\"", "null", nil])
            said["in_reply_to_id"] = draw("null", ["\"5\"", "5", nil])
            said["spoiler_text"] = draw("\"\"", ["\"food\"", "\" \"", "null", nil])
            said["mentions"] = draw("[]", [#"[{"id":"1"}]"#, #"[{"id":"2"}]"#, #"[{"id":"1"},{"id":"2"}]"#, "[{}]", "null", nil])
            said["quote"] = draw("null", [nil, #"{"state":"pending","quoted_status":null}"#, #"{"state":"accepted","quoted_status_id":"3"}"#, "{}"])
            let lists: [String?] = ["[]", "null", "[\"as:Public\"]", "[\"https://a.example/followers\"]", "[\"https://www.w3.org/ns/activitystreams#Public\"]", "\"Public\"", "[\"public\"]"]
            said["status_searchable_by"] = draw(nil, lists)
            said["account_searchable_by"] = draw(nil, lists)
            let bio = Self.bios.randomElement(using: &random) ?? Self.bios[0]
            if bio.refuses { said["hidesTag"] = "yes" }
            if Int.random(in: 0..<20, using: &random) == 0 { said["optedOut"] = "yes" }

            let status = try StatusReader.status(in: json(said, bio: bio.text))
            let isLocal = Bool.random(using: &random)
            let policy = ConsentPolicy(unknownIndexable: Bool.random(using: &random) ? .allowLocal : .refuse, allowGroups: Bool.random(using: &random))
            let rule = SecondConsentRule(
                allowsGroups: policy.allowGroups, takesUnknownIndexable: isLocal && policy.unknownIndexable == .allowLocal)
            let refusal = policy.refusal(status, isLocalAuthor: isLocal, authorOptedOut: said["optedOut"] != nil)
            // A comparison of its own, for a million expectations would be most of the work.
            if (refusal == nil) != rule.allows(said) {
                failed += 1
                Issue.record("round \(round): \(said), \(String(describing: refusal))")
            }
            if refusal == nil { allowed += 1 }
        }
        #expect(allowed > test.planned / 40)
        test.finish(done: test.planned, failed: failed)
    }

    private func json(_ said: SecondConsentRule.Case, bio: String) -> [UInt8] {
        let ofStatus = ["visibility", "in_reply_to_id", "sensitive", "spoiler_text", "mentions", "quote", "status_searchable_by"]
        func members(_ names: [String]) -> [String] {
            names.compactMap { name in
                let key = name.hasSuffix("searchable_by") ? "searchable_by" : name
                return said[name].map { "\"\(key)\":\($0)" }
            }
        }
        let ofAccount = said.keys.filter { !ofStatus.contains($0) && $0 != "hidesTag" && $0 != "optedOut" }
        let account = [#""id":"1","uri":"https://a.example/1","note":"# + bio] + members(ofAccount.sorted())
        let status = [#""id":"7","uri":"https://a.example/7","created_at":"\#((Status.noon - .hours(2)).iso8601)""#, "\"account\":{\(account.joined(separator: ","))}"]
        return Array("{\((status + members(ofStatus)).joined(separator: ","))}".utf8)
    }

    @Test(arguments: [
        (.hours(72), nil), (.seconds(259_201), .tooOld), (.minutes(-5), nil), (.seconds(-301), .fromFuture), (.days(20_000), .tooOld),
    ] as [(Instant.Span, ConsentRefusal?)])
    func `a status is neither older than three days nor from the future`(age: Instant.Span, refusal: ConsentRefusal?) {
        #expect(policy.refusal(.status { $0.createdAt = Status.noon - age }) == refusal)
    }

    @Test func `no moment makes the age fail`() {
        #expect(policy.refusal(.status { $0.createdAt = Instant(microseconds: .min) }) == .tooOld)
        #expect(policy.refusal(.status { $0.createdAt = Instant(microseconds: .max) }) == .fromFuture)
    }

    @Test func `a reblog is refused whatever it passes on`() {
        #expect(policy.refusal(.status { $0.reblog = Status.Boxed(.status()) }) == .reblog)
    }

    @Test func `a quoted status must pass by itself, its author asked too`() {
        let other = Account.author { $0.uri = "https://kennel.example/users/bo" }
        func quoting(_ quoted: Status) -> Status { .status { $0.quote = .shown(Status.Boxed(quoted)) } }
        #expect(policy.refusal(.status { $0.quote = .hidden }) == .quote)
        #expect(policy.refusal(quoting(.status())) == nil)
        #expect(policy.refusal(quoting(.status { $0.visibility = .unlisted })) == .quote)
        #expect(policy.refusal(quoting(.status { $0.quote = .hidden })) == .quote)
        #expect(policy.refusal(quoting(.status(by: other))) == .quote, "nobody asked the other author")
        func judged(optedOut: Set<String>) -> ConsentRefusal? {
            policy.refusal(of: quoting(.status(by: other)), at: Status.noon, isLocalAuthor: { _ in false }, authorOptedOut: { optedOut.contains($0.uri) })
        }
        #expect(judged(optedOut: []) == nil)
        #expect(judged(optedOut: [other.uri]) == .quote)
    }

    @Test func `the searchable-by list beats indexable, and the status's own beats the author's`() {
        let everyone = "https://www.w3.org/ns/activitystreams#Public"
        func verdict(status: [String]?, account: [String]?, indexable: Bool?) -> ConsentRefusal? {
            policy.refusal(.status(by: .author { $0.searchableBy = account; $0.indexable = indexable }) { $0.searchableBy = status })
        }
        #expect(verdict(status: nil, account: [everyone], indexable: false) == nil)
        #expect(verdict(status: nil, account: ["https://a.example/followers"], indexable: true) == .searchableBy)
        #expect(verdict(status: ["as:Public"], account: ["https://a.example/followers"], indexable: nil) == nil)
        #expect(verdict(status: ["https://a.example/me"], account: ["Public"], indexable: true) == .searchableBy)
        #expect(verdict(status: [], account: [], indexable: true) == nil)
        #expect(verdict(status: [], account: [], indexable: nil) == .indexable)
    }

    @Test func `an unknown indexable is accepted only of local authors, and only when the operator says so`() {
        let status = Status.status(by: .author { $0.indexable = nil })
        let loose = ConsentPolicy(unknownIndexable: .allowLocal)
        #expect(loose.refusal(status, isLocalAuthor: true) == nil)
        #expect(loose.refusal(status, isLocalAuthor: false) == .indexable)
        #expect(policy.refusal(status, isLocalAuthor: true) == .indexable)
        #expect(loose.refusal(.status(by: .author { $0.indexable = false }), isLocalAuthor: true) == .indexable)
    }

    @Test func `groups are accepted when the operator says so, bots never`() {
        let groups = ConsentPolicy(allowGroups: true)
        #expect(groups.refusal(.status(by: .author { $0.group = true })) == nil)
        #expect(groups.refusal(.status(by: .author { $0.bot = true })) == .bot)
        #expect(policy.refusal(.status(by: .author { $0.group = true })) == .group)
    }

    @Test(arguments: [
        ("<p>Do #YesRecommend me</p>", true), ("<a href=\"/tags/yesrecommend\">#<span>yesrecommend</span></a>", true), ("＃ｙｅｓrecommend", true),
        ("#yesrecommended", false), ("yesrecommend", false), ("x#yesrecommend", false), ("#yesrecommendです", false), ("#yesrecommend #nobot", false),
    ])
    func `the tag mode asks for the tag as a word of its own`(note: String, isAllowed: Bool) {
        let refusal = ConsentPolicy(mode: .tag).refusal(.status(by: .author { $0.note = note }))
        #expect((refusal == nil) == isAllowed)
    }
}
