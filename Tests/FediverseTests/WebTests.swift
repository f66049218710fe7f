import TestSupport
import Testing

@testable import Fediverse

@Suite struct LinkHeaderTests {
    @Test func `Mastodon's, GoToSocial's and snac's links are found by relation`() {
        let mastodon = LinkHeader(
            parsing: "<https://a.example/api/v1/timelines/home?limit=2&max_id=1>; rel=\"next\", <https://a.example/api/v1/timelines/home?min_id=3>; rel=\"prev\"")
        #expect(mastodon.url(rel: "next") == "https://a.example/api/v1/timelines/home?limit=2&max_id=1")
        #expect(mastodon.url(rel: "prev") == "https://a.example/api/v1/timelines/home?min_id=3")
        #expect(mastodon.url(rel: "first") == nil)
    }

    @Test func `commas and semicolons inside brackets and quotes are text`() {
        let header = LinkHeader(parsing: #"<https://a.example/?q=1,2;3>; title="a, \"b\"; c"; rel="next last" ; x , <b>;rel=prev;, junk, <c>; rel="first""#)
        #expect(header.links.map(\.url) == ["https://a.example/?q=1,2;3", "b", "c"])
        #expect(header.links[0].parameters == [.init("title", "a, \"b\"; c"), .init("rel", "next last"), .init("x", nil)])
        #expect(header.url(rel: "LAST") == "https://a.example/?q=1,2;3" && header.url(rel: "prev") == "b" && header.url(rel: "first") == "c")
    }

    @Test(arguments: ["", ",,,", "<", "<a", "a; rel=next", ">;<", "\"", "<a>; rel=\"", "<a>;;;=", ", <a", "\u{0}"])
    func `no text makes parsing fail`(text: String) {
        #expect(LinkHeader(parsing: text).links.count <= 1)
    }

    @Test func `a printed header reads back the same`() {
        var random = SeededGenerator(seed: 3)
        let pieces = ["<a>", "; ", ", ", "rel", "=", "\"next\"", "\"", "\\", "<b,c;d>", " ", "x", "é", "prev"]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
            let header = LinkHeader(parsing: text)
            #expect(LinkHeader(parsing: header.description) == header, "\(text)")
        }
    }
}

@Suite struct QueryStringTests {
    @Test func `values are decoded, repeated and bracketed`() {
        let query = QueryString("id[]=1&id%5B%5D=2&limit=20&q=a+b%20%C3%A9&flag&id[]=3&bad=%zz%f")
        #expect(query.values(of: "id[]") == ["1", "2", "3"] && query.list(of: "id") == ["1", "2", "3"] && query.values(of: "id") == [])
        #expect(query.value(of: "q") == "a b é" && query.value(of: "flag") == "" && query.value(of: "bad") == "%zz%f" && query.value(of: "none") == nil)
    }

    @Test func `taking a key out leaves every other byte`() {
        let query = QueryString("a=%7e&&inject=false&b=+&inject&c=%C3%a9=1")
        #expect(query.removing("inject").raw == "a=%7e&&b=+&c=%C3%a9=1")
        #expect(query.removing("nothing").raw == query.raw)
        #expect(QueryString("inject=false").removing("inject").raw == "")
    }

    @Test func `setting a key replaces it in place, once`() {
        #expect(QueryString("x=1&max_id=9&y=%7E&max_id=8").setting("max_id", to: "a b&c").raw == "x=1&max_id=a%20b%26c&y=%7E")
        #expect(QueryString("x=1").setting("max_id", to: "2").raw == "x=1&max_id=2")
        #expect(QueryString("").setting("max_id", to: "2").raw == "max_id=2")
    }

    @Test func `a value that does not change keeps its bytes`() {
        let query = QueryString("id%5b%5d=%31&id[]=2&id[]=3")
        let mapped = query.replacing("id[]") { ["1": "1", "2": "20"][$0] }
        #expect(mapped.raw == "id%5b%5d=%31&id[]=20")
    }

    @Test func `any value comes back from its encoded form`() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            let scalars = (0..<6).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x2FF, using: &random)) }
            let text = String(String.UnicodeScalarView(scalars))
            #expect(QueryString("").setting("k&=", to: text).value(of: "k&=") == text)
        }
    }
}

@Suite struct PunycodeTests {
    /// The samples of RFC 3492, section 7.1, without those that differ only in the case of their digits.
    static let samples: [(String, String)] = [
        ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
        ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
        ("他們爲什麽不說中文", "ihqwctvzc91f659drss3x8bo0yb"),
        ("Pročprostěnemluvíčesky", "Proprostnemluvesky-uyb24dma41a"),
        ("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b"),
        ("यहलोगहिन्दीक्योंनहींबोलसकतेहैं", "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd"),
        ("なぜみんな日本語を話してくれないのか", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"),
        ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
        ("PorquénopuedensimplementehablarenEspañol", "PorqunopuedensimplementehablarenEspaol-fmd56a"),
        ("TạisaohọkhôngthểchỉnóitiếngViệt", "TisaohkhngthchnitingVit-kjcr8268qyxafd2f1b9g"),
        ("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b"),
        ("安室奈美恵-with-SUPER-MONKEYS", "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n"),
        ("Hello-Another-Way-それぞれの場所", "Hello-Another-Way--fc4qua05auwb3674vfr0b"),
        ("ひとつ屋根の下2", "2-u9tlzr9756bt3uc0v"),
        ("MajiでKoiする5秒前", "MajiKoi5-783gue6qz075azm5e"),
        ("パフィーdeルンバ", "de-jg4avhby1noc0d"),
        ("そのスピードで", "d9juau41awczczp"),
        ("-> $1.00 <-", "-> $1.00 <--"),
    ]

    @Test(arguments: samples)
    func `the RFC's samples go both ways`(text: String, code: String) {
        #expect(Punycode.encoded(Array(text.unicodeScalars)) == code)
        #expect(Punycode.decoded(code) == Array(text.unicodeScalars))
    }

    @Test func `what no encoder makes is refused and never fails`() {
        #expect(Punycode.decoded("99999999999999") == nil)
        #expect(Punycode.decoded("é") == nil)
        var random = SeededGenerator(seed: 6)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789-")
        for _ in 0..<5_000 {
            let code = String((0..<Int.random(in: 0...40, using: &random)).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
            guard let scalars = Punycode.decoded(code), let again = Punycode.encoded(scalars) else { continue }
            #expect(Punycode.decoded(again) == scalars)
        }
    }
}

@Suite struct InstanceHostTests {
    @Test(arguments: [
        ("Mastodon.Example", "mastodon.example"), ("mastodon.example.", "mastodon.example"), ("mastodon.example:443", "mastodon.example"),
        ("mastodon.example:0443", "mastodon.example"), ("mastodon.example.:8443", "mastodon.example:8443"), ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"), ("bu\u{308}cher.example", "xn--bcher-kva.example"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"), ("faß.example", "xn--fa-hia.example"), ("日本語。jp", "xn--wgv71a119e.jp"),
        ("ｍａｓｔｏｄｏｎ．ｅｘａｍｐｌｅ", "mastodon.example"), ("mas\u{AD}to\u{200B}don.example", "mastodon.example"), ("한국.example", "xn--3e0b707e.example"),
        ("\u{1112}\u{1161}\u{11AB}국.example", "xn--3e0b707e.example"), ("пример.рф", "xn--e1afmkfd.xn--p1ai"), ("a--b.example", "a--b.example"),
        ("127.example", "127.example"),
    ])
    func `one host has one form`(text: String, canonical: String) throws {
        let host = try InstanceHost(text)
        #expect(host.canonical == canonical)
        #expect(try InstanceHost(host.canonical) == host)
    }

    @Test(arguments: [
        ("", InstanceHostError.empty), ("127.0.0.1", .address), ("10.0.0.1", .address), ("0x7f.1", .address), ("2130706433", .address), ("127.1", .address),
        ("[::1]", .address), ("[2001:db8::1]", .address), ("::1", .address), ("１２７.0.0.1", .address), ("localhost", .address), ("x.localhost", .address), ("1.2.3.4.", .address),
        ("a..b", .badLabel), (".", .badLabel), (".example", .badLabel), ("a b.example", .badLabel), ("a_b.example", .badLabel), ("-a.example", .badLabel),
        ("a-.example", .badLabel), ("ab--c.example", .badLabel), ("xn--.example", .badLabel), ("xn--abc-.example", .badLabel), ("☃.example", .badLabel), ("a/b", .badLabel),
        ("https://a.example", .badPort), ("user@a.example", .badLabel), ("a.example:", .badPort), ("a.example:0", .badPort), ("a.example:65536", .badPort), ("a.example:+1", .badPort),
        ("a\u{200D}b.example", .badLabel), ("a.example..", .badLabel), ("xn--99999999999.example", .badLabel),
    ])
    func `anything else is refused with its reason`(text: String, error: InstanceHostError) {
        #expect(throws: error) { try InstanceHost(text) }
    }

    @Test func `names and labels have their lengths`() throws {
        let label = String(repeating: "a", count: 63)
        let longest = "\(label).\(label).\(label).\(String(repeating: "b", count: 61))"
        #expect(longest.utf8.count == 253)
        #expect(try InstanceHost(longest + ":65535").canonical.utf8.count == 259)
        #expect(throws: InstanceHostError.tooLong) { try InstanceHost(longest + "b") }
        #expect(throws: InstanceHostError.tooLong) { try InstanceHost(label + "a.example") }
    }

    @Test(arguments: ["localhost:8080", "127.0.0.1:3000", "[::1]:80", "[::1]"])
    func `the own machine is taken only with leave`(text: String) throws {
        #expect(throws: InstanceHostError.address) { try InstanceHost(text) }
        let host = try InstanceHost(text, allowLoopback: true)
        #expect(host.canonical == text && host.isLoopback)
        #expect(throws: InstanceHostError.address) { try InstanceHost("10.0.0.1", allowLoopback: true) }
    }

    @Test func `5,000 spellings of a host are equal and 5,000 near misses are not`() throws {
        var random = SeededGenerator(seed: 7)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789äöüéñçøłßжщλ日本語한")
        for _ in 0..<5_000 {
            let labels = (0..<2).map { _ in String((0..<Int.random(in: 1...9, using: &random)).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }) }
            let plain = labels.joined(separator: ".") + ".example"
            let host = try InstanceHost(plain)
            var other = String(plain.map { Bool.random(using: &random) && $0 != "ß" ? Character($0.uppercased()) : $0 })
            other = other.replacing(".", with: Bool.random(using: &random) ? "." : "。", maxReplacements: 1)
            if Bool.random(using: &random) { other += "." }
            if Bool.random(using: &random) { other += ":443" }
            #expect(try InstanceHost(other) == host, "\(other)")
            let near = [plain + "s", "x" + plain, plain + ":444", plain.replacing(".", with: "", maxReplacements: 1)].randomElement(using: &random) ?? plain
            #expect(try InstanceHost(near) != host, "\(near)")
        }
    }
}
