import Testing

@testable import Fediverse

/// Runs `body` on a scanner over `json`.
func scan<Value>(_ json: String, limits: JSONLimits = JSONLimits(), _ body: (inout JSONScanner) throws -> Value) rethrows -> Value {
    try Array(json.utf8).withUnsafeBytes { bytes in
        var scanner = JSONScanner(bytes, limits: limits)
        return try body(&scanner)
    }
}

/// Passes over `json` as one value and nothing else.
func check(_ json: String, limits: JSONLimits = JSONLimits()) throws {
    try scan(json, limits: limits) { scanner in
        try scanner.skip()
        try scanner.finish()
    }
}

@Suite struct JSONScannerTests {
    @Test(arguments: [
        "{}", "[]", " [ ] ", "\"\"", "0", "-0", "1.5e-7", "1E+2", "true", "false", "null", #"{"a":{"b":[1,2,{}]},"a":"\u00e9\\"}"#,
        "\t[\n1 ,\r2 ]\n", #""\ud800""#, "\"\u{7F}\u{FFFF}😀\"",
    ])
    func `valid JSON is passed over whole`(json: String) throws {
        try check(json)
        #expect(SlowJSON.accepts(json.utf8))
    }

    @Test(arguments: [
        "", " ", "{", "[", "\"", "{]", "[}", "[1,]", "{\"a\":1,}", "[,1]", "{,}", "[1 2]", "{\"a\" 1}", "{a:1}", "{\"a\":}", "{1:1}", "01", "1.", ".5",
        "+1", "-", "1e", "1e+", "0x1", "tru", "truely", "nul", "True", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"\\", "\"a\nb\"", "\"\u{0}\"", "[] []",
        "1 1", "'a'", "[1]x", "\u{FEFF}[]", "NaN", "[\"a\":1]", "{\"a\",1}", "\u{A0}1", "-\"a\"", "[--1]",
    ])
    func `anything else is refused`(json: String) {
        #expect(throws: JSONError.self) { try check(json) }
        #expect(!SlowJSON.accepts(json.utf8))
    }

    @Test(arguments: [
        [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
        [0xC3], [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x9F, 0x98], [0xFF],
    ] as [[UInt8]])
    func `bytes that are no UTF-8 are refused`(bytes: [UInt8]) {
        let json = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        #expect(throws: JSONError.self) {
            try json.withUnsafeBytes { buffer in
                var scanner = JSONScanner(buffer)
                try scanner.skip()
            }
        }
        #expect(!SlowJSON.accepts(json))
    }

    @Test func `members are pulled by name and the others skipped`() throws {
        let seen = try scan(#"{"x":[1,{"id":9}],"id":"a\/b","n":-12,"ok":true,"none":null,"t":" \u00dc \ud83d\ude00 "}"#) { scanner in
            var seen: [String] = []
            var object = try scanner.enterObject()
            while let key = try scanner.nextKey(&object) {
                switch key {
                case "id", "t": seen.append(try scanner.string())
                case "n": seen.append(String(try scanner.integer()))
                case "ok": seen.append(String(try scanner.bool()))
                case "none": seen.append(try scanner.stringOrNull() ?? "nothing")
                default: try scanner.skip()
                }
            }
            try scanner.finish()
            return seen
        }
        #expect(seen == ["a/b", "-12", "true", "nothing", " Ü 😀 "])
    }

    @Test(arguments: [
        (#""\ud83d\udc36""#, "🐶"), (#""\ud83d""#, "\u{FFFD}"), (#""\udc36x""#, "\u{FFFD}x"), (#""\ud83d\ud83d\udc36""#, "\u{FFFD}🐶"),
        (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\b\f\n\r\t\"\\\/""#, "\u{8}\u{C}\n\r\t\"\\/"), (#""\u0000a""#, "\u{0}a"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
    ])
    func `escapes are undone and lone surrogates replaced`(json: String, text: String) throws {
        #expect(try scan(json) { try $0.string() } == text)
    }

    @Test(arguments: [(#""public""#, true), (#""p\u0075blic""#, true), (#""Public""#, false), (#""publi""#, false), (#""publics""#, false), (#"" ""#, false)])
    func `a text is compared where it stands`(json: String, isPublic: Bool) throws {
        let bytes = Array(json.utf8)
        try bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer)
            let text = try scanner.text()
            #expect(text.equals("public", in: buffer) == isPublic)
        }
    }

    @Test func `an escape is undone wherever it stands`() throws {
        let (before, behind) = ("0123456789é123456789", "abcdefghijklmnopq")
        for first in 0...before.count {
            for second in 0...behind.count {
                let (left, right) = (before.prefix(first), behind.prefix(second))
                #expect(try scan("\"\(left)\\n\(right)\\u00e9\"") { try $0.string() } == "\(left)\n\(right)é")
                #expect(try scan("\"\(left)\\\\\(right)\"") { try $0.string() } == "\(left)\\\(right)")
            }
        }
    }

    @Test func `a value's range is its exact bytes`() throws {
        let json = " {\"a\" : [1, \"é]\"] , \"b\":-1.5e3 }"
        let slices = try scan(json) { scanner in
            var slices: [String] = []
            var object = try scanner.enterObject()
            while try scanner.nextKey(&object) != nil {
                let range = try scanner.skip()
                slices.append(String(decoding: Array(json.utf8)[range], as: UTF8.self))
            }
            return slices
        }
        #expect(slices == ["[1, \"é]\"]", "-1.5e3"])
    }

    @Test func `depth, string length and array length are bounded`() throws {
        let deep = { (levels: Int) in String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
        try check(deep(64))
        #expect(throws: JSONError.tooDeep(offset: 64)) { try check(deep(65)) }
        #expect(throws: JSONError.self) { try check(String(repeating: "[", count: 100_000)) }
        let limits = JSONLimits(stringBytes: 5, arrayElements: 3)
        try check("[\"12345\",1,2]", limits: limits)
        #expect(throws: JSONError.stringTooLong(offset: 1)) { try check("\"123456\"", limits: limits) }
        #expect(throws: JSONError.arrayTooLong(offset: 7)) { try check("[1,2,3,4]", limits: limits) }
        try check("[" + String(repeating: "0,", count: 999) + "0]")
        #expect(throws: JSONError.self) { try check("[" + String(repeating: "0,", count: 1_000) + "0]") }
    }

    @Test(arguments: [
        ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min), ("0", 0), ("-0", 0),
    ])
    func `integers reach both ends of 64 bits`(json: String, value: Int) throws {
        #expect(try scan(json) { try $0.integer() } == value)
    }

    @Test(arguments: ["9223372036854775808", "-9223372036854775809", "1.0", "1e3", "\"1\"", "null", "[]", "99999999999999999999999"])
    func `what is no such integer is about meaning, not about form`(json: String) {
        let error = #expect(throws: JSONError.self) { try scan(json) { _ = try $0.integer() } }
        #expect(error?.isAboutMeaning == true)
    }

    @Test func `an id may be a string or a number but not empty`() throws {
        #expect(try scan("\"01ABC\"") { try $0.identifier().range } == 1..<6)
        #expect(try scan("115402374175396854") { try $0.identifier().range } == 0..<18)
        for json in ["\"\"", "1.5", "null", "{}", ""] {
            #expect(throws: JSONError.self) { try scan(json) { _ = try $0.identifier() } }
        }
    }

    @Test func `a part of the bytes can be read by itself`() throws {
        let json = Array("[1,{\"id\":2},3]".utf8)
        try json.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, in: 3..<11)
            #expect(try scanner.skip() == 3..<11)
            try scanner.finish()
        }
    }
}
