import TestSupport
import Testing

@testable import Fediverse

@Suite struct TimeTests {
    @Test func `every day from 1970 to 9999 has its number and back`() {
        var number = 0
        for year in 1970...9999 {
            let isLeap = year.isMultiple(of: 400) || (year.isMultiple(of: 4) && !year.isMultiple(of: 100))
            for (month, length) in zip(1..., [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                for day in [1, 2, 15, length - 1, length] {
                    let date = CalendarDay(year: year, month: month, day: day)
                    #expect(date?.daysSince1970 == number + day - 1)
                    if CalendarDay(daysSince1970: number + day - 1) != date { Issue.record("\(year)-\(month)-\(day)") }
                }
                #expect(CalendarDay(year: year, month: month, day: length + 1) == nil)
                number += length
            }
        }
        #expect(number == 2_932_897)
    }

    @Test func `days before 1970 and before year 0 count back`() {
        #expect(CalendarDay(daysSince1970: -1) == CalendarDay(year: 1969, month: 12, day: 31))
        #expect(CalendarDay(year: 1600, month: 2, day: 29)?.daysSince1970 == -135_081)
        #expect(CalendarDay(year: 0, month: 1, day: 1)?.daysSince1970 == -719_528)
        #expect(Instant(microseconds: -1).iso8601 == "1969-12-31T23:59:59.999Z")
    }

    @Test(arguments: [
        ("2026-11-01T00:36:20.986Z", 1_793_493_380_986_000), ("2026-11-21T06:45:42Z", 1_795_243_542_000_000),
        ("2026-11-21T08:45:42+02:00", 1_795_243_542_000_000), ("2026-11-21T01:15:42-0530", 1_795_243_542_000_000),
        ("2026-11-21 06:45:42", 1_795_243_542_000_000), ("2026-11-21t06:45:42.1234567z", 1_795_243_542_123_456),
        ("2026-11-21", 1_795_219_200_000_000), ("1970-01-01T00:00Z", 0), ("2024-02-29T23:59:60Z", 1_709_251_200_000_000),
        ("2026-11-21T06:45:42,5+00", 1_795_243_542_500_000), ("1969-12-31T23:59:59Z", -1_000_000),
    ] as [(String, Int64)])
    func `every form that servers send is read`(text: String, microseconds: Int64) {
        #expect(Instant(iso8601: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11", "2026-13-01", "2026-02-29", "2026-11-31", "2026-1-01", "26-11-01", "2026-11-01T", "2026-11-01T24:00:00Z", "2026-11-01T00:60:00Z",
        "2026-11-01T00:00:61Z", "2026-11-01T00:00:00.Z", "2026-11-01T00:00:00ZZ", "2026-11-01T00:00:00+2", "2026-11-01T00:00:00+24:00", "2026-11-01x", " 2026-11-01",
        "٢٠٢٦-11-01", "20261101T000000Z", "2026-11-01T00:00:00 UTC", "-2026-11-01", "yesterday",
    ])
    func `other texts are no time`(text: String) {
        #expect(Instant(iso8601: text) == nil)
    }

    @Test func `a printed time reads back to the millisecond`() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let milliseconds = Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random)
            let instant = Instant(microseconds: milliseconds * 1_000)
            #expect(Instant(iso8601: instant.iso8601) == instant)
            #expect(instant.iso8601.utf8.count == 24)
        }
    }

    @Test func `no instant makes printing fail`() {
        for microseconds in [Int64.min, .min + 1, -1, 0, .max] {
            #expect(Instant(microseconds: microseconds).iso8601.hasSuffix("Z"))
            #expect(Instant(microseconds: microseconds).httpDate.hasSuffix("GMT"))
        }
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func `the three HTTP dates name the same second`(text: String) {
        #expect(Instant(httpDate: text) == Instant(seconds: 784_111_777))
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 199 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "120", "Sun, 06 Nov 1994 25:49:37 GMT",
    ])
    func `other texts are no HTTP date`(text: String) {
        #expect(Instant(httpDate: text) == nil)
    }

    @Test func `an HTTP date reads back`() {
        #expect(Instant(seconds: 784_111_777).httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(Instant(seconds: 0).httpDate == "Thu, 01 Jan 1970 00:00:00 GMT")
        var random = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let instant = Instant(seconds: Int64.random(in: 0...253_402_300_799, using: &random))
            #expect(Instant(httpDate: instant.httpDate) == instant)
        }
    }

    @Test func `Retry-After is a delay or a date, and never longer than a year`() {
        let now = Instant(seconds: 784_111_777)
        #expect(Instant(retryAfter: "120", from: now) == now + .seconds(120))
        #expect(Instant(retryAfter: " 0 ", from: now) == now)
        #expect(Instant(retryAfter: "Sun, 06 Nov 1994 08:50:37 GMT", from: now) == now + .seconds(60))
        #expect(Instant(retryAfter: "99999999999999999999999", from: now) == now + .days(365))
        #expect(Instant(retryAfter: "Sun, 06 Nov 9994 08:49:37 GMT", from: now) == now + .days(365))
        #expect(Instant(retryAfter: "soon", from: now) == nil)
        #expect(Instant(retryAfter: "-1", from: now) == nil)
    }
}
