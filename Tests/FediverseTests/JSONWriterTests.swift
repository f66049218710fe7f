import TestSupport
import Testing

import Fediverse

@Suite struct JSONWriterTests {
    @Test func `commas stand between values and nowhere else`() {
        var json = JSONWriter()
        json.object { json in
            json.member("a", 1)
            json.member("b", true)
            json.key("c")
            json.array { json in
                json.string("x")
                json.null()
                json.object { _ in }
                json.raw(Array("{\"raw\":1}".utf8))
                json.array { json in json.double(-1.5) }
            }
            json.member("d", nil as String?)
            json.member("e") { json in json.object { json in json.member("f", "g") } }
        }
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"{"a":1,"b":true,"c":["x",null,{},{"raw":1},[-1.5]],"d":null,"e":{"f":"g"}}"#)
        #expect(SlowJSON.accepts(json.bytes))
    }

    @Test func `numbers that JSON does not have become null`() {
        var json = JSONWriter()
        json.array { json in
            for number in [Double.nan, .infinity, -.infinity, 1e-300, 5e300, 0.1] { json.double(number) }
        }
        #expect(SlowJSON.accepts(json.bytes))
        #expect(String(decoding: json.bytes, as: UTF8.self).hasPrefix("[null,null,null,1e-300,5e+300,0.1"))
    }

    @Test func `any text comes back as it was written`() throws {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let scalars = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7F : 0x10_FFFF), using: &random))
            }
            let text = String(String.UnicodeScalarView(scalars))
            var json = JSONWriter()
            json.string(text)
            #expect(SlowJSON.accepts(json.bytes))
            let read = try json.bytes.withUnsafeBytes { bytes in
                var scanner = JSONScanner(bytes)
                return try scanner.string()
            }
            #expect(Array(read.unicodeScalars) == scalars)
        }
    }
}
