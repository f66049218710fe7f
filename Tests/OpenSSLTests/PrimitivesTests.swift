import OpenSSL
import Testing

@Suite struct PrimitivesTests {
    /// RFC 5869, A.1 to A.3, all with SHA-256.
    @Test(arguments: [
        (
            secret: [UInt8](repeating: 0x0B, count: 22), salt: [UInt8](0x00...0x0C), label: [UInt8](0xF0...0xF9), count: 42,
            derived: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        ),
        (
            secret: [UInt8](0x00...0x4F), salt: [UInt8](0x60...0xAF), label: [UInt8](0xB0...0xFF), count: 82,
            derived:
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
        (
            secret: [UInt8](repeating: 0x0B, count: 22), salt: [], label: [], count: 42,
            derived: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        ),
    ])
    func `HKDF gives the keys of RFC 5869`(secret: [UInt8], salt: [UInt8], label: [UInt8], count: Int, derived: String) throws {
        #expect(Hex.encode(try HKDF.derive(from: secret, salt: salt, label: label, count: count)) == derived)
    }

    @Test func `HKDF refuses an empty secret and lengths that it cannot give`() {
        #expect(throws: OpenSSLError.emptyKey) { try HKDF.derive(from: [], label: [1]) }
        #expect(throws: OpenSSLError.lengthOutOfRange(0)) { try HKDF.derive(from: [1], label: [1], count: 0) }
        #expect(throws: OpenSSLError.lengthOutOfRange(8_161)) { try HKDF.derive(from: [1], label: [1], count: 8_161) }
    }

    /// FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 gives the digests of its standard`(message: String, digest: String) {
        #expect(SHA256.digest(of: message.utf8).hex == digest)
    }

    @Test func `random bytes have the asked length and do not repeat`() throws {
        #expect(try RandomBytes.make(count: 0).isEmpty)
        let drawn = try (0..<1_000).map { _ in try RandomBytes.make(count: 16) }
        #expect(drawn.allSatisfy { $0.count == 16 } && Set(drawn).count == 1_000)
    }

    @Test func `the constant-time comparison sees every differing bit and every length`() {
        let bytes: [UInt8] = Array(0..<32)
        #expect(equalInConstantTime(bytes, bytes) && equalInConstantTime([], []))
        #expect(!equalInConstantTime(bytes, Array(bytes.dropLast())) && !equalInConstantTime([], [0]))
        for bit in 0..<256 {
            var other = bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!equalInConstantTime(bytes, other))
        }
    }

    @Test func `digests are equal when their bytes are, and are told apart by one bit`() throws {
        let key = try HMACKey([1])
        #expect(key.code(of: [1]) == key.code(of: [1]) && key.code(of: [1]) != key.code(of: [2]))
        #expect(Set((0..<100).map { key.code(of: [UInt8($0 % 10)]) }).count == 10)
    }

    @Test func `cleansed bytes are zeros`() {
        var secret: [UInt8] = Array(1...64)
        cleanse(&secret)
        #expect(secret == [UInt8](repeating: 0, count: 64))
        var nothing: [UInt8] = []
        cleanse(&nothing)
        #expect(nothing.isEmpty)
    }

    @Test func `hex goes there and back for every byte, and refuses what is not hex`() {
        let bytes = Array(UInt8.min...UInt8.max)
        let text = Hex.encode(bytes)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff") && text.utf8.count == 512)
        #expect(Hex.decode(text.utf8) == bytes && Hex.decode(text.uppercased().utf8) == bytes)
        #expect(Hex.decode("0".utf8) == nil && Hex.decode("0g".utf8) == nil && Hex.decode(" 0".utf8) == nil)
    }

    @Test func `a digest shortened for a name begins like the whole`() {
        let digest = SHA256.digest(of: "abc".utf8)
        #expect(digest.hex(firstBytes: 8) == "ba7816bf8f01cfea" && digest.bytes.count == 32)
    }
}
