import TestSupport
import Testing

@testable import Fediverse

/// Every way in which people and programs write a tag, times every tag.
@Suite struct ProfileTagTests {
    private static let tags = ["nobot", "nobots", "noindex", "nosearch", "noarchive", "nobridge", "noai", "nomining", "norecommend", "nofedirec"]

    /// What a way of writing makes of a tag's name.
    private static let ways: [(name: String, write: @Sendable (String) -> String)] = [
        ("plain", { "#\($0)" }),
        ("upper case", { "#\($0.uppercased())" }),
        ("title case", { "#No\($0.dropFirst(2).prefix(1).uppercased())\($0.dropFirst(3))" }),
        ("full-width sign", { "＃\($0)" }),
        ("small sign", { "﹟\($0)" }),
        ("keycap sign", { "#\u{FE0F}\u{20E3}\($0)" }),
        ("full-width letters", { "#" + mapped($0) { 0xFF41 + $0 } }),
        ("full-width capitals", { "＃" + mapped($0) { 0xFF21 + $0 } }),
        ("mathematical bold", { "#" + mapped($0) { 0x1D41A + $0 } }),
        ("mathematical sans", { "#" + mapped($0) { 0x1D5BA + $0 } }),
        ("mathematical monospace", { "#" + mapped($0) { 0x1D68A + $0 } }),
        ("circled", { "#" + mapped($0) { 0x24D0 + $0 } }),
        ("parenthesized capitals", { "#" + mapped($0) { 0x1F130 + $0 } }),
        ("superscript n and o", { "#ⁿᵒ" + $0.dropFirst(2) }),
        ("zero width space inside", { "#" + spread($0, "\u{200B}") }),
        ("word joiner inside", { "#" + spread($0, "\u{2060}") }),
        ("joiners inside", { "#" + spread($0, "\u{200D}\u{200C}") }),
        ("soft hyphens", { "#" + spread($0, "\u{AD}") }),
        ("variation selectors", { "#" + spread($0, "\u{FE0E}") }),
        ("direction marks", { "\u{202E}#\u{200F}\($0)\u{202C}" }),
        ("byte order mark behind the sign", { "#\u{FEFF}\($0)" }),
        ("tag characters", { "#\($0)\u{E0061}\u{E007F}" }),
        ("zero width space behind, then a word", { "#\($0)\u{200B}thanks" }),
        ("combining accents", { "#" + spread($0, "\u{301}") }),
        ("strike-through", { "#" + spread($0, "\u{336}") }),
        ("precomposed ò", { "#" + $0.map { $0 == "o" ? "ò" : String($0) }.joined() }),
        ("decomposed õ", { "#" + $0.map { $0 == "o" ? "o\u{303}" : String($0) }.joined() }),
        ("Turkish dotless ı", { "#" + $0.map { $0 == "i" ? "ı" : String($0) }.joined() }),
        ("Turkish capital İ", { "#" + $0.map { $0 == "i" ? "İ" : $0.uppercased() }.joined() }),
        ("parentheses", { "(#\($0))" }),
        ("full stop and dash", { "…#\($0).—" }),
        ("quotes", { "„#\($0)“" }),
        ("emoji without blanks", { "🐕#\($0)🐾" }),
        ("two signs", { "##\($0)" }),
        ("behind a word", { "robots#\($0)" }),
        ("between tags", { "#sheep#\($0)#wool" }),
        ("no-break spaces", { "a\u{A0}#\($0)\u{A0}b" }),
        ("Japanese behind it", { "#\($0)です" }),
        ("Thai around it", { "ห้าม#\($0)นะ" }),
        ("Mastodon's link", { "<p>Hi <a href=\"https://a.example/tags/\($0)\" class=\"mention hashtag\" rel=\"tag\">#<span>\($0)</span></a></p>" }),
        ("snac's link", { "<a href=\"https://a.example?t=\($0)\" class=\"mention hashtag\" rel=\"tag\">#\($0)</a><br>" }),
        ("a link under another text", { "<a href=\"https://a.example/tags/\($0)\">my wish</a>" }),
        ("a link with a capital path", { "<a href='https://a.example/TAGS/\($0.uppercased())/'>my wish</a>" }),
        ("a search link", { "<a href=\"https://a.example/search?q=%23\($0)&type=statuses\">x</a>" }),
        ("a tag link without sign", { "<a rel=\"nofollow tag\" href=\"https://a.example/x\">\($0)</a>" }),
        ("a hashtag class without sign", { "<a class=hashtag href=x><b>\($0.uppercased())</b></a>" }),
        ("markup inside", { "#<b>\($0.prefix(2))</b><i>\($0.dropFirst(2))</i>" }),
        ("decimal reference", { "&#35;\($0)" }),
        ("hexadecimal reference", { "&#x23;\($0)" }),
        ("named reference", { "&num;\($0)" }),
        ("reference to a letter", { "#&#110;\($0.dropFirst())" }),
        ("soft hyphen reference", { "#no&shy;\($0.dropFirst(2))" }),
        ("last line of a paragraph", { "<p>Shepherd.<br>#\($0)</p><p>Hi</p>" }),
        ("behind an unfinished tag", { "I <b #\($0)" }),
    ]

    private static func mapped(_ name: String, _ scalar: (UInt32) -> UInt32) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.compactMap { Unicode.Scalar(scalar($0.value - 0x61)) }))
    }

    private static func spread(_ name: String, _ mark: String) -> String { name.map { "\($0)\(mark)" }.joined() }

    @Test func `every tag refuses in every way of writing it, in biography, name and field`() {
        var cases = 0
        for tag in Self.tags {
            for way in Self.ways {
                let text = way.write(tag)
                let accounts = [Account.author { $0.note = text }, .author { $0.displayName = "Ada \(text)" }, .author { $0.fields = ["Robots", text] }]
                for account in accounts {
                    #expect(ConsentPolicy().refusal(.status(by: account)) == .optOutTag, "#\(tag), \(way.name): \(text)")
                    cases += 1
                }
            }
        }
        #expect(cases >= 1_600)
    }

    /// How a letter, what stands between letters, the sign, and what stands around it may be written; each drawn by itself.
    private enum Disguise {
        static let letters: [@Sendable (String) -> [String]] = [
            { $0.map(String.init) }, { $0.map { $0.uppercased() } }, { $0.enumerated().map { $0.offset % 2 == 0 ? String($0.element) : $0.element.uppercased() } },
            { $0.map { mapped(String($0)) { 0xFF41 + $0 } } }, { $0.map { mapped(String($0)) { 0xFF21 + $0 } } }, { $0.map { mapped(String($0)) { 0x1D41A + $0 } } },
            { $0.map { mapped(String($0)) { 0x1D5BA + $0 } } }, { $0.map { mapped(String($0)) { 0x24D0 + $0 } } }, { $0.map { "&#\($0.unicodeScalars.first?.value ?? 0);" } },
            { $0.map { $0 == "o" ? "ö" : $0 == "i" ? "ı" : String($0) } },
        ]
        static let between = ["", "", "\u{200B}", "\u{2060}", "\u{AD}", "\u{200D}", "\u{FE0F}", "\u{301}", "\u{336}", "&shy;", "&#8203;", "\u{200B}\u{2060}"]
        static let signs = ["#", "＃", "﹟", "#\u{FE0F}\u{20E3}", "&#35;", "&#x23;", "&num;", "#\u{200B}", "##", "\u{202E}#\u{200F}"]
        static let around: [@Sendable (String) -> String] = [
            { $0 }, { "(\($0))" }, { "Hi! \($0), thanks" }, { "<p>\($0)</p>" }, { "<a href=\"https://a.example/x\" rel=\"tag\">\($0)</a>" }, { "🐕\($0)🐾" }, { "„\($0)“" }, { "\($0)です" },
            { "#sheep \($0) #wool" }, { "<p>Line<br>\($0)<br>line</p>" }, { "https://a.example \($0)." }, { "a\u{A0}\($0)\u{A0}b" },
        ]
    }

    @Test func `a tag in drawn disguises, several at once, always wins`() {
        let test = LargeTest("tag-disguises", seed: 41)
        var random = SeededGenerator(seed: test.seed)
        func drawn<Element>(_ from: [Element]) -> Element {
            guard let one = from.randomElement(using: &random) else { preconditionFailure("nothing to draw from") }
            return one
        }
        var failed = 0
        for _ in 0..<test.planned {
            let tag = drawn(Self.tags)
            let text = drawn(Disguise.around)(drawn(Disguise.signs) + drawn(Disguise.letters)(tag).joined(separator: drawn(Disguise.between)))
            let account = Account.author { account in
                switch Int.random(in: 0..<3, using: &random) {
                case 0: account.note = text
                case 1: account.displayName = "Ada \(text)"
                default: account.fields = ["Robots", text]
                }
            }
            if ConsentPolicy().refusal(.status(by: account)) != .optOutTag {
                failed += 1
                Issue.record("#\(tag) as \(text.debugDescription)")
            }
        }
        test.finish(done: test.planned, failed: failed)
    }

    @Test(arguments: [
        "Schäferin. Bitte keine Bots #nobot", "Bergère, merci de ne pas indexer : #NoIndex.", "Pastora, nada de búsquedas (#nosearch)", "Pastora. Niente IA, grazie! #noAI",
        "Пастух. Не архивировать: #noarchive", "羊飼いです。#nobridge でお願いします", "牧羊人，请勿推荐＃norecommend。", "양치기입니다 #nobots", "راعية غنم \u{200F}#nobot\u{200F} شكرا",
        "רועה צאן #noindex תודה", "Çoban, lütfen #NOİNDEX", "Βοσκός #nofedirec, ευχαριστώ", "चरवाहा #nomining।", "Pasterka | #NOBOT | owce",
    ])
    func `people say it in their own language`(bio: String) {
        #expect(ConsentPolicy().refusal(.status(by: .author { $0.note = "<p>\(bio)</p>" })) == .optOutTag)
    }

    @Test(arguments: [
        "", "<br>", "I love bots", "nobot", "no bot, no index", "# nobot", "#nobotany", "#nobot_friendly", "#nobot2", "#notabot", "#bot", "#noindexing", "#no", "#ai #bots #index",
        "Schäferin und Imkerin", "Пастух и пчеловод", "羊飼いです", "#noair", "#noaïs", "<a href=\"https://nobot.example\">nobot.example</a>",
        "<a href=\"https://a.example/tags/nobotany\" rel=\"tag\">#<span>nobotany</span></a>", "<a href=\"https://a.example/@nobot\">@nobot</a>", "#unobot", "#-nobot", "C# nobot",
        "<a href=\"https://a.example/tags/sheep\" rel=\"tag\">#<span>sheep</span></a> nobot",
    ])
    func `a text without such a tag refuses nothing`(bio: String) {
        #expect(ConsentPolicy().refusal(.status(by: .author { $0.note = bio })) == nil)
    }
}
