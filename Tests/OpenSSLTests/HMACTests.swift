import OpenSSL
import Testing

/// RFC 4231, test cases 1, 2, 3, 4, 6, 7 (5 is about truncation, which we do not do).
struct Vector: Sendable, CustomStringConvertible {
    let number: Int
    let key: [UInt8]
    let message: [UInt8]
    let code: String
    var description: String { "case \(number)" }

    static let all: [Vector] = [
        Vector(
            number: 1, key: .init(repeating: 0x0B, count: 20), message: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            number: 2, key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            number: 3, key: .init(repeating: 0xAA, count: 20), message: .init(repeating: 0xDD, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            number: 4, key: Array(1...25), message: .init(repeating: 0xCD, count: 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            number: 6, key: .init(repeating: 0xAA, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            number: 7, key: .init(repeating: 0xAA, count: 131),
            message: Array(
                "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."
                    .utf8),
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]
}

@Suite struct HMACTests {
    @Test(arguments: Vector.all)
    func `a key gives the codes of RFC 4231, the first time and every time after`(vector: Vector) throws {
        let key = try HMACKey(vector.key)
        for _ in 1...3 {
            #expect(key.code(of: vector.message).hex == vector.code)
            #expect(key.code(of: []).hex != vector.code)
        }
    }

    @Test func `a code is what RFC 2104 says, for every length of key and message around a block`() throws {
        let bytes = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 5) }
        for keyLength in [1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 200] {
            let key = try HMACKey(bytes[..<keyLength])
            let short = keyLength > 64 ? SHA256.digest(of: bytes[..<keyLength]).bytes : Array(bytes[..<keyLength])
            let padded = short + Array(repeating: 0, count: 64 - short.count)
            for length in 0...200 {
                let inner = SHA256.digest(of: padded.map { $0 ^ 0x36 } + bytes[..<length])
                let code = SHA256.digest(of: padded.map { $0 ^ 0x5C } + inner.bytes)
                #expect(key.code(of: bytes[..<length]) == code)
            }
        }
    }

    @Test func `a message may come in one piece or byte by byte`() throws {
        let key = try HMACKey(Vector.all[0].key)
        #expect(key.code(of: Vector.all[0].message.lazy.map { $0 }).hex == Vector.all[0].code)
    }

    @Test func `many tasks share a key without mixing their messages`() async throws {
        let key = try HMACKey([UInt8](1...32))
        let expected = (0..<64).map { key.code(of: [UInt8($0)]).hex }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<2_000).count { round in
                        let message = UInt8((round * 7 + task) % 64)
                        return key.code(of: [message]).hex != expected[Int(message)]
                    }
                }
            }
            for try await wrong in group { #expect(wrong == 0) }
        }
    }

    @Test func `an empty key is refused`() {
        #expect(throws: OpenSSLError.emptyKey) { try HMACKey([]) }
    }
}
