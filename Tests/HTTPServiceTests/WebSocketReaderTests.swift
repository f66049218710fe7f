import HTTPService
import Testing

struct WebSocketReaderTests {
    static let mask: [UInt8] = [9, 8, 7, 6]

    @Test func `the handshake's answer is that of the standard`() {
        #expect(WebSocket.acceptance(of: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    /// The frames of RFC 6455, 5.7.
    @Test func `the standard's own frames are read`() {
        var reader = WebSocketReader()
        #expect(reader.take([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]) == [.text(Array("Hello".utf8))])
        #expect(reader.take([0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F]) == [.text(Array("Hello".utf8))])
        #expect(reader.take([0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]) == [.ping(Array("Hello".utf8))])
        var masked = WebSocketReader(isMasked: true)
        #expect(masked.take([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]) == [.text(Array("Hello".utf8))])
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536, 200_000], [false, true])
    func `what a frame is made of is read again, in whatever pieces it comes`(length: Int, isMasked: Bool) {
        let payload = (0..<length).map { UInt8($0 % 251) }
        let mask = isMasked ? Self.mask : nil
        let bytes = WebSocket.frame(.text, payload, mask: mask) + WebSocket.frame(.ping, [1], mask: mask) + WebSocket.frame(.pong, [], mask: mask)
            + WebSocket.frame(.close, [], mask: mask)
        for size in length > 1_000 ? [997, bytes.count] : [1, 2, 3, 7, bytes.count] {
            var reader = WebSocketReader(isMasked: isMasked)
            var found: [WebSocketReader.Message] = []
            for start in stride(from: 0, to: bytes.count, by: size) { found += reader.take(Array(bytes[start..<min(start + size, bytes.count)])) }
            #expect(found == [.text(payload), .ping([1]), .close], "in pieces of \(size)")
        }
    }

    @Test func `a ping may stand between a message's frames`() {
        var reader = WebSocketReader()
        #expect(reader.take([0x01, 0x01, 65, 0x89, 0x01, 7, 0x00, 0x00, 0x80, 0x01, 66]) == [.ping([7]), .text([65, 66])])
    }

    @Test func `what is compressed, not text or too long is left out, and the next is read`() {
        let next = WebSocket.frame(.text, [90])
        var reader = WebSocketReader(limit: 4)
        #expect(reader.take([0xC1, 0x01, 65] + next) == [.text([90])], "compressed")
        #expect(reader.take([0x82, 0x01, 65] + next) == [.text([90])], "binary")
        #expect(reader.take(WebSocket.frame(.text, [1, 2, 3, 4, 5]) + next) == [.text([90])], "too long")
        #expect(reader.take([0x01, 0x03, 1, 2, 3, 0x80, 0x02, 4, 5] + next) == [.text([90])], "too long in parts")
    }

    @Test(arguments: [[0x83, 0x00], [0xA1, 0x00], [0x81, 0x80], [0x09, 0x00], [0x88, 0x7E, 0x01, 0x00], [0x81, 0x7F, 0xFF, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]])
    func `after what is no frame nothing more is read`(bytes: [UInt8]) {
        var reader = WebSocketReader()
        #expect(reader.take(bytes) == [])
        #expect(reader.take(WebSocket.frame(.text, [90])) == [])
    }
}
