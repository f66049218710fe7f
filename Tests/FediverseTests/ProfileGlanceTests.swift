import TestSupport
import Testing

@testable import Fediverse

/// The first look may only spare work: it never calls harmless what the whole rule refuses.
@Suite struct ProfileGlanceTests {
    private static let parts = [
        "#", "＃", "﹟", "##", "n", "N", "o", "O", "b", "ot", "no", "nobot", "NoIndex", "noai", "nos", "earch", "norecommend", "now", "nice", " ", "\n",
        "é", "ｎ", "ö", "\u{200B}", "\u{301}", "\u{FE0F}", "🐕", "です", "&amp;", "&#39;", "&#35;", "&num;", "&#110;", "&shy;", "&", "'", "\"", "%", "=",
        "<p>", "</p>", "<br>", "<br />", "<a>", "</a>", "<a href=\"https://a.example/", "?t=", "tags/", "\">", "%6e", "<a rel=\"tag\">", "<a class='hashtag'>",
        "<span>", "</span>", "<b>", "</b>", "<!-- ", " -->", "<", ">", "<a title=\"x>y\">", "<script>", "</script>",
    ]

    @Test func `what the first look lets pass holds no tag by the whole rule`() {
        let test = LargeTest("profiles-at-a-glance", seed: 2_611)
        var random = SeededGenerator(seed: test.seed)
        var (done, failed, spared) = (0, 0, 0)
        for _ in 0..<test.planned {
            let text = (0..<Int.random(in: 1...9, using: &random)).map { _ in Self.parts.randomElement(using: &random) ?? "" }.joined()
            if ProfileGlance.showsNoTag(text) {
                spared += 1
                if ProfileTags.refuses(text) {
                    failed += 1
                    Issue.record("\(text.debugDescription) is refused, but was taken for harmless")
                }
            }
            done += 1
        }
        #expect(spared > test.planned / 20)
        test.finish(done: done, failed: failed)
    }

    @Test(arguments: [
        "Ana 🐕", "<p>Bicycles &amp; bread. I&#39;m in Lyon.</p><p>Née à Nantes ❤️</p>", "# 1 of nothing",
        "<p>Likes <a href=\"https://a.example/tags/cats\" class=\"mention hashtag\" rel=\"tag\">#<span>cats</span></a></p>",
        "<a href=\"https://ana.example\" rel=\"nofollow noopener noreferrer me\" translate=\"no\"><span class=\"invisible\">https://</span>ana.example</a>",
    ])
    func `an ordinary profile needs no second look`(text: String) {
        #expect(ProfileGlance.showsNoTag(text))
    }

    @Test func `no scalar folds to a sign but the two that are looked for`() {
        let signs = (UInt32(0)...0x10FFFF).compactMap(Unicode.Scalar.init).filter { Folding.skeleton(String($0)).utf8.contains(UInt8(ascii: "#")) }
        #expect(signs == ["#", "\u{FE5F}", "\u{FF03}"])
    }
}
