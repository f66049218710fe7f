import TestSupport
import Testing

@testable import Fediverse

@Suite struct HTMLTextTests {
    @Test(arguments: [
        ("<p>One</p><p>Two<br>Three<br />Four</p>", "One\nTwo\nThree\nFour"),
        ("sheep <a href=\"https://a.example?t=wool\" class=\"mention hashtag\" rel=\"tag\">#wool</a><br>", "sheep #wool"),
        ("<p>#<span>no</span><b>bot</b></p>", "#nobot"),
        ("a &lt;b&gt; &amp;amp; &#35;x &#x23;y &nbsp;z &unknown; & &#0; &#xD800; &#99999999999;", "a ‹b> &amp; #x #y \u{A0}z &unknown; & \u{FFFD} \u{FFFD} \u{FFFD}"),
        ("I <3 dogs, 1 < 2 <", "I ‹3 dogs, 1 ‹ 2 ‹"),
        ("<script>alert('<p>x</p>')</script>ok<STYLE>p{}</Style >!", "ok!"),
        ("a<!-- <p>b</p> -->c<!doctype x>d<?php e ?>f</ g>h", "acdfh"),
        ("<a title=\"a > b\" href='x>y'>link</a>", "link"),
        ("text <a href=\"unfinished", "text"),
        ("<p>  many \n\t spaces </p>\n\n<p></p><p>end</p>", "many spaces\nend"),
        ("<br><br><br>top<br><br><br><br>bottom<br>", "top\n\nbottom"),
        ("<script>never closed", ""), ("", ""), ("<", "‹"), ("</", ""), ("<p", ""), ("&", "&"), ("&#;&#x;", "&#;&#x;"),
    ])
    func `HTML becomes what a reader sees`(html: String, text: String) {
        #expect(HTMLText.plain(html) == text)
    }

    @Test func `no HTML makes the text hold a less-than sign`() {
        var random = SeededGenerator(seed: 8)
        let pieces = ["<", ">", "</", "<p>", "<br/>", "<!--", "-->", "\"", "'", "=", "&lt;", "&#60;", "&#x3c", "&", ";", "<script>", "</script>", "<a href=", " ", "x", "é", "<!", "<?"]
        for _ in 0..<20_000 {
            let html = (0..<Int.random(in: 0...15, using: &random)).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
            let text = HTMLText.plain(html)
            #expect(!text.contains("<"), "\(html)")
            #expect(HTMLText.plain(text) == text || text.contains { $0 == "&" || $0 == "\n" }, "\(html)")
        }
    }

    @Test func `an attribute is found by its whole name`() {
        func attribute(_ name: String, _ html: String) -> String? {
            guard case .tag(_, _, let attributes)? = HTMLTokenizer(html).first(where: { _ in true }) else { return nil }
            return HTMLTokenizer.attribute(name, in: attributes)
        }
        #expect(attribute("href", "<a data-href=x HREF = 'a&amp;b' class=c>") == "a&b")
        #expect(attribute("class", "<a href=\"=class='q'\" class=c>") == "c")
        #expect(attribute("rel", "<a rel>") == "" && attribute("rel", "<a rel= tag>") == "tag")
        #expect(attribute("rel", "<a href=x>") == nil && attribute("rel", "<a =rel>") == nil && attribute("rel", "<a>") == nil)
    }
}

@Suite struct FoldingTests {
    @Test(arguments: [
        ("Herding", "herding"), ("#Dogs", "dogs"), ("＃ＤＯＧＳ", "dogs"), ("𝗗𝗼𝗴𝘀", "dogs"), ("ⒹⓄⒼⓈ", "dogs"), ("ᵈᵒᵍˢ", "dogs"), ("do\u{200B}gs", "dogs"), ("do\u{AD}gs", "dogs"),
        ("ﬁsh", "fish"), ("Straße", "strasse"), ("CAFÉ", "café"), ("cafe\u{301}", "café"), ("犬", "犬"), ("ΣΊΣΥΦΟΣ", "σίσυφοσ"), ("हिन्दी", "हिन्दी"), ("ДОМ", "дом"), ("x²", "x2"), ("", ""),
    ])
    func `tags that look alike are one tag`(text: String, tag: String) {
        #expect(Array(Hashtag.folded(text).unicodeScalars) == Array(tag.unicodeScalars))
        #expect(Hashtag.folded(Hashtag.folded(text)) == tag)
    }

    @Test func `the skeleton has no marks`() {
        #expect(Folding.skeleton("N\u{301}ÓB\u{20DD}ÖT İNDEX ındex #\u{FE0F}\u{20E3}x") == "nobot index index #x")
        #expect(Folding.skeleton("a\u{200B}b", invisible: " ") == "a b")
    }
}
