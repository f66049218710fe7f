import OpenSSL
import Testing

@Suite struct AESGCMTests {
    /// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, cases 13 to 16 (256-bit keys).
    @Test(arguments: [
        (
            "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
            "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        (
            "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
            "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
        ),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ])
    func `published cases come out as published, and open again`(key: String, nonce: String, associated: String, plain: String, sealed: String) throws {
        func bytes(_ hex: String) throws -> [UInt8] { try #require(Hex.decode(hex.utf8)) }
        let (key, nonce, associated) = (try bytes(key), try bytes(nonce), try bytes(associated))
        #expect(Hex.encode(try AESGCM.seal(bytes(plain), key: key, nonce: nonce, associated: associated)) == sealed)
        #expect(try AESGCM.open(bytes(sealed), key: key, nonce: nonce, associated: associated) == bytes(plain))
    }

    @Test func `every changed bit is found, wherever it is`() throws {
        let key = Array(UInt8(1)...32), nonce = Array(UInt8(1)...12), associated = Array("header".utf8), plain = Array("a row of somebody".utf8)
        let sealed = try AESGCM.seal(plain, key: key, nonce: nonce, associated: associated)
        for parts in [(sealed.count, 0), (key.count, 1), (nonce.count, 2), (associated.count, 3)] {
            for bit in 0..<(parts.0 * 8) {
                var all = [sealed, key, nonce, associated]
                all[parts.1][bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(try AESGCM.open(all[0], key: all[1], nonce: all[2], associated: all[3]) == nil)
            }
        }
        for count in 0..<sealed.count { #expect(try AESGCM.open(Array(sealed[..<count]), key: key, nonce: nonce, associated: associated) == nil) }
    }
}
