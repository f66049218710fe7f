/// The bytes that pseudonyms are made from.
enum PseudonymMessage {
    /// 253 of a name, a colon and five digits of a port.
    static let longestDomain = 259
    static let longestID = 64
    private static let label: StaticString = "alias/v1"

    /// Lower case ASCII of host names and ports; InstanceHost has judged the rest.
    @inline(__always)
    static func mayStandInDomain(_ byte: UInt8) -> Bool {
        (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x2D && byte <= 0x3A && byte != 0x2F) || byte == 0x5F
    }

    @inline(__always)
    static func mayStandInID(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || byte == 0x5F || byte == 0x2D
    }

    /// Judges both and lays the message of an alias on the stack; an alias is made for each request.
    @inline(__always)
    static func withAliasMessage<Value>(
        domain: String, accountID: String, _ body: (UnsafeRawBufferPointer) -> Value
    ) throws(PseudonymError) -> Value {
        var (domain, accountID) = (domain, accountID)
        let result = domain.withUTF8 { domain in
            accountID.withUTF8 { id -> Result<Value, PseudonymError> in
                guard (1...longestDomain).contains(domain.count), all(domain, mayStandInDomain) else { return .failure(.domainNotCanonical) }
                guard (1...longestID).contains(id.count), all(id, mayStandInID) else { return .failure(.accountIDRefused) }
                let head = label.utf8CodeUnitCount + 1
                let size = head + 2 + domain.count + 2 + id.count
                return withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { message in
                    message.copyMemory(from: UnsafeRawBufferPointer(start: label.utf8Start, count: label.utf8CodeUnitCount))
                    message[head - 1] = 0
                    lay(domain, into: message, at: head)
                    lay(id, into: message, at: head + 2 + domain.count)
                    return .success(body(UnsafeRawBufferPointer(message)))
                }
            }
        }
        return try result.get()
    }

    /// Looks at every byte, also behind a bad one: without a way out in the middle the loop takes many bytes at once.
    @inline(__always)
    private static func all(_ text: UnsafeBufferPointer<UInt8>, _ mayStand: (UInt8) -> Bool) -> Bool {
        var bad: UInt8 = 0
        for byte in text { bad |= mayStand(byte) ? 0 : 1 }
        return bad == 0
    }

    /// Two bytes of length, the larger first, and the text.
    @inline(__always)
    private static func lay(_ text: UnsafeBufferPointer<UInt8>, into message: UnsafeMutableRawBufferPointer, at start: Int) {
        message[start] = UInt8(text.count >> 8)
        message[start + 1] = UInt8(text.count & 255)
        UnsafeMutableRawBufferPointer(rebasing: message[(start + 2)...]).copyMemory(from: UnsafeRawBufferPointer(text))
    }

    /// Each part after its length in four bytes, the larger first, so that no two lists give the same bytes.
    static func joined(_ parts: [String]) -> [UInt8] {
        parts.flatMap { part in
            let count = UInt32(part.utf8.count)
            return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> UInt32($0)) } + Array(part.utf8)
        }
    }
}

/// RFC 4648's base 32 in lower case, without padding.
enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// - Parameter characters: how many to give; needs 5 bits each.
    static func encode(_ bytes: [UInt8], characters: Int) -> String {
        precondition(bytes.count * 8 >= characters * 5, "\(bytes.count) bytes for \(characters) characters")
        return String(
            decoding: (0..<characters).map { index in
                let bit = index * 5
                let pair = UInt16(bytes[bit / 8]) << 8 | (bit / 8 + 1 < bytes.count ? UInt16(bytes[bit / 8 + 1]) : 0)
                return alphabet[Int(pair >> UInt16(11 - bit % 8)) & 31]
            }, as: UTF8.self)
    }
}
