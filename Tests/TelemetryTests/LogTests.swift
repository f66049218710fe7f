import Fediverse
import Logging
import Synchronization
import Testing

@testable import Telemetry

/// 2026-03-01 12:34:56.789 UTC
private let moment = Instant(microseconds: 1_772_368_496_789_000)

private final class Lines: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    func log(_ level: Log.Level) -> Log { Log(level, clock: { moment }, sink: { [self] line in bytes.withLock { $0 += line } }) }
}

struct LogTests {
    private struct Secret: Error, CustomStringConvertible { var description: String { "@ana@social.example" } }

    @Test func `a line has the minute, the level, a literal and typed facts`() {
        let lines = Lines()
        lines.log(.info).note(.error, "something failed", .part(LogTests.self), .count("rows", 3), .took(.milliseconds(40)), .answer(status: 503))
        #expect(lines.text == "2026-03-01T12:34Z error something failed part=LogTests rows=3 took=<=100ms answer=5xx\n")
    }

    @Test func `of an error its kind is told, never its words`() {
        let lines = Lines()
        lines.log(.trace).note(.warning, "it failed", .failure(Secret()))
        #expect(lines.text == "2026-03-01T12:34Z warning it failed failure=Secret\n")
    }

    @Test func `what is less important than the level is left out`() {
        for level in Log.Level.allCases {
            let lines = Lines()
            for other in Log.Level.allCases { lines.log(level).note(other, "x") }
            #expect(lines.text.split(separator: "\n").count == Log.Level.allCases.count { $0 >= level })
        }
        #expect(Lines().log(.debug).quieter(.warning).level == .warning)
        #expect(Lines().log(.error).quieter(.warning).level == .error)
    }

    @Test func `of a library only is told that it reports something`() {
        let lines = Lines()
        var logger = lines.log(.trace).forLibraries
        logger.logLevel = .trace
        logger[metadataKey: "account"] = "ana"
        logger.info("ana@social.example asked", metadata: ["token": "secret"])
        #expect(lines.text.isEmpty)
        logger.error("ana@social.example asked", metadata: ["token": "secret"])
        #expect(lines.text == "2026-03-01T12:34Z error a library reports trouble from=library\n")
    }
}

struct MetricsPageTests {
    private enum Colour: String, CaseIterable { case red, green }

    @Test func `the page is Prometheus' text`() {
        var page = MetricsPage()
        page.add(.counter, "sheltie_things_total", "Things.", 7)
        page.add(.gauge, "sheltie_colours", "By colour.", by: "colour", of: Colour.self) { $0 == .red ? 3 : nil }
        #expect(page.text == """
            # HELP sheltie_things_total Things.
            # TYPE sheltie_things_total counter
            sheltie_things_total 7
            # HELP sheltie_colours By colour.
            # TYPE sheltie_colours gauge
            sheltie_colours{colour="red"} 3

            """)
    }

    @Test(arguments: [(0, nil), (1, nil), (4, nil), (5, 5), (9, 5), (10, 10), (1_234, 1_230)] as [(Int, Int?)])
    func `fewer than five people are not told, more by fives`(aliases: Int, told: Int?) {
        #expect(PeopleCount(aliases).told == told)
        var page = MetricsPage()
        page.add("sheltie_people", "People.", by: "colour", of: Colour.self) { PeopleCount($0 == .red ? aliases : 0) }
        #expect(page.text.contains("\nsheltie_people{colour=\"red\"} \(told ?? 0)\n") == (told != nil))
        #expect(!page.text.contains("green"))
    }
}
