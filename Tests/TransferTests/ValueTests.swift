import Database
import Postgres
import TestSupport
import Testing

@testable import Store

extension TransferTests {
    struct ValueTests {
        private func canonical(_ text: String) throws -> String {
            var json = CanonicalJSON()
            try Array(text.utf8).withUnsafeBytes { try json.read($0) }
            return String(decoding: json.bytes, as: UTF8.self)
        }

        @Test(arguments: [
            ("[]", "[]"), (" { } ", "{}"), (#"{"b":1e2,"a":"\u00e9\/"}"#, #"{"a":"é/","b":100}"#), (#"{"bb":1,"c":2,"bb":3}"#, #"{"c":2,"bb":3}"#),
            ("1.50", "1.50"), ("1.5e1", "15"), ("1e-3", "0.001"), ("1.0e3", "1000"), ("-0", "0"), ("-0.0", "0.0"), ("-1.5e-2", "-0.015"), ("0e5", "0"),
            (#""\ud83d\udc15 \n""#, #""🐕 \u000a""#), ("[true , false,null]", "[true,false,null]"), (#"{"a\"b":{"x":[{}]}}"#, #"{"a\"b":{"x":[{}]}}"#),
        ])
        func `JSON comes to one form`(text: String, form: String) throws { #expect(try canonical(text) == form) }

        @Test(arguments: ["", "[", "[1,]", "{\"a\":}", "01", "+1", ".5", "1.", "nul", "\"\\x\"", "\"\\ud800\"", "\"a\nb\"", "[1] 2", "{a:1}", "'a'", "\"\\u00\""])
        func `what is no JSON is told`(text: String) { #expect(throws: CanonicalJSON.Fault.notJSON) { try canonical(text) } }

        @Test func `depth and exponents have an end`() {
            #expect(throws: CanonicalJSON.Fault.tooDeep) { try canonical(String(repeating: "[", count: 100_000)) }
            #expect(throws: CanonicalJSON.Fault.numberTooLarge) { try canonical("1e99999999999999999999") }
            #expect(throws: CanonicalJSON.Fault.nulCharacter) { try canonical("\"\\u0000\"") }
        }

        /// The server is the judge: what it makes of a drawn text is the text's own form, and what it refuses is refused here.
        @Test func `the form is that of the server's jsonb`() throws {
            let server = try PostgresConnection(PostgresSettings(url: PostgresServer.address()))
            var random = SeededGenerator(seed: 5)
            for _ in 0..<3_000 {
                var text = Self.drawn(&random, depth: 0)
                // Some are damaged.
                if random.next(4) == 0, !text.isEmpty {
                    var scalars = Array(text.unicodeScalars)
                    scalars[random.next(scalars.count)] = ["\"", "\\", "{", "1", ",", "e", "."][random.next(7)]
                    text = String(String.UnicodeScalarView(scalars))
                }
                let stored = try? server.first("SELECT CAST(CAST(\(text) AS jsonb) AS text) COLLATE \"C\" || ''") { $0.text(0) }
                let here = try? canonical(text)
                #expect(here == (try stored.map { try canonical($0) }), "\(text)")
                guard let here else { continue }
                #expect(try server.first("SELECT CAST(\(text) AS jsonb) = CAST(\(here) AS jsonb)") { $0.bool(0) } == true, "\(text)")
            }
        }

        private static func drawn(_ random: inout SeededGenerator, depth: Int) -> String {
            func blank(_ random: inout SeededGenerator) -> String { ["", " ", "\n\t"][random.next(3)] }
            func string(_ random: inout SeededGenerator) -> String {
                let parts = ["a", "b", "é", "🐕", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\ud83d\\udc15", "\\u001f", " ", "\\t"]
                return "\"" + (0..<random.next(4)).map { _ in parts[random.next(parts.count)] }.joined() + "\""
            }
            switch random.next(depth > 3 ? 4 : 6) {
            case 0: return string(&random)
            case 1: return ["0", "-0", "12", "-3.50", "1e3", "1.25E-2", "0.0e-3", "-1e0", "123456789012345678901234567890", "5.0E+2"][random.next(10)]
            case 2: return ["true", "false", "null"][random.next(3)]
            case 3: return "[]"
            case 4:
                let values = (0..<random.next(4)).map { _ in drawn(&random, depth: depth + 1) + blank(&random) }
                return "[" + blank(&random) + values.joined(separator: ",") + "]"
            default:
                let members = (0..<random.next(5)).map { _ in
                    let name = string(&random)
                    return blank(&random) + name + blank(&random) + ":" + drawn(&random, depth: depth + 1)
                }
                return "{" + members.joined(separator: ",") + blank(&random) + "}"
            }
        }

        private func moment(_ text: String) -> Int64? { Array(text.utf8).withUnsafeBytes { try? WrittenMoment.microseconds($0) } }

        @Test(arguments: [
            ("1970-01-01", 0), ("1970-01-01 00:00", 0), ("2026-06-01 12:00:00", 1_780_315_200_000_000), ("2026-06-01T12:00:00.5Z", 1_780_315_200_500_000),
            ("2026-06-01 14:00:00.000001+02:00", 1_780_315_200_000_001), ("2026-06-01 09:30:00-0230", 1_780_315_200_000_000), ("1969-12-31 23:59:59.999999", -1),
            ("2024-02-29", 1_709_164_800_000_000), ("2026-06-01 12:00:00.123456000", 1_780_315_200_123_456),
        ] as [(String, Int64)])
        func `a written moment is read to the microsecond`(text: String, microseconds: Int64) { #expect(moment(text) == microseconds) }

        @Test(arguments: [
            "", "yesterday", "2026", "2026-6-1", "2026-13-01", "2026-02-29", "2026-06-31", "2026-06-01 24:00:00", "2026-06-01 12:60:00", "2026-06-01 12:00:00.",
            "2026-06-01 12:00:00.1234567", "2026-06-01 12:00:00 Europe/Berlin", "2026-06-01x", " 2026-06-01", "2026-06-01 12:00:00+2", "0000-01-01",
        ])
        func `a text that is no moment is none`(text: String) { #expect(moment(text) == nil) }

        @Test func `a number is seconds, or nobody knows what`() throws {
            #expect(try WrittenMoment.microseconds(number: -1) == -1_000_000)
            #expect(throws: Misfit.notMoment) { try WrittenMoment.microseconds(number: 1_780_315_200_000) }
            #expect(throws: Misfit.notMoment) { try WrittenMoment.microseconds(number: .min) }
        }

        @Test func `a key comes back from its bytes`() {
            for key in [TransferKey(values: [.integer(.min), .text(""), .text("a\0b")]), TransferKey(values: [.real(0.1), .blob([0, 1]), .null])] {
                #expect(TransferKey(bytes: key.bytes) == key)
                for cut in 1..<key.bytes.count { #expect(TransferKey(bytes: Array(key.bytes.prefix(cut))) != key) }
            }
        }

        @Test func `a digest tells values, their order and NULL apart`() {
            func digest(_ fill: (inout DigestSink) -> Void) -> TableDigest {
                var sink = DigestSink()
                fill(&sink)
                return sink.row.finished()
            }
            func text(_ text: String, _ sink: inout DigestSink) { Array(text.utf8).withUnsafeBytes { sink.text($0) } }
            let digests = [
                digest { $0.bigint(1); $0.bigint(2) }, digest { $0.bigint(2); $0.bigint(1) }, digest { $0.null(); $0.bigint(1) },
                digest { $0.bigint(1); $0.null() }, digest { $0.bigint(1) }, digest { text("ab", &$0); text("c", &$0) },
                digest { text("a", &$0); text("bc", &$0) }, digest { text("", &$0); $0.null() }, digest { $0.null(); text("", &$0) }, digest { _ in },
                digest { text("12345678", &$0) }, digest { text("12345678\0", &$0) }, digest { $0.real(0) }, digest { $0.real(-0.0) },
            ]
            #expect(Set(digests).count == digests.count)
        }
    }
}
