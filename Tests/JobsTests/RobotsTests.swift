import Testing

@testable import Jobs

/// What a robots.txt says to us (RFC 9309).
struct RobotsTests {
    private static let path = "/api/v1/timelines/public"

    @Test(arguments: [
        ("", true),
        ("User-agent: *\nDisallow: /", false),
        ("User-agent: *\nDisallow:", true),
        ("User-agent: *\nDisallow: /api/", false),
        ("User-agent: *\nDisallow: /media_proxy/\nDisallow: /interact/", true),
        ("User-agent: *\nDisallow: /api/\nAllow: /api/v1/timelines/", true),
        ("User-agent: *\nAllow: /api/v1/timelines/\nDisallow: /api/v1/timelines/public", false),
        ("User-agent: *\nDisallow: /api/v1/timelines/public\nAllow: /api/v1/timelines/public", true),
        ("User-agent: GPTBot\nDisallow: /", true),
        ("User-agent: Sheltie\nDisallow: /", false),
        ("user-agent: sheltie\ndisallow: /", false),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Sheltie\nDisallow:", true),
        ("User-agent: Sheltie\nAllow: /\n\nUser-agent: *\nDisallow: /", true),
        ("User-agent: GPTBot\nUser-agent: Sheltie\nDisallow: /", false),
        ("User-agent: *\nDisallow: /*/timelines/", false),
        ("User-agent: *\nDisallow: /api/*/public$", false),
        ("User-agent: *\nDisallow: /api$", true),
        ("User-agent: *\nDisallow: *public", false),
        ("User-agent: *\nDisallow: / # everything", false),
        ("# nothing\nUser-agent: *\r\nDisallow: /\r\n", false),
        ("\u{FEFF}User-agent: *\nDisallow: /", false),
        ("User-agent: *\nCrawl-delay: 5\nDisallow: /api", false),
        ("Disallow: /", true),
        ("<html><body>Not here</body></html>", true),
    ])
    func `the longest rule of our group decides, else of everybody's`(text: String, isAllowed: Bool) {
        #expect(RobotsRules(parsing: text).allow(Self.path, agent: "Sheltie") == isAllowed)
    }
}
