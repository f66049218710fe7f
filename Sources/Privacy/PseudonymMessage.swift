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

    /// Lays the message of an alias on the stack; an alias is made for each request.
    /// - Parameters: both already judged, so that their lengths fit in two bytes.
    @inline(__always)
    static func withAliasMessage<Value>(domain: String, accountID: String, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        let size = label.utf8CodeUnitCount + 1 + 2 + domain.utf8.count + 2 + accountID.utf8.count
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { message in
            var end = 0
            func append(_ byte: UInt8) {
                message[end] = byte
                end += 1
            }
            func appendCounted(_ text: String) {
                append(UInt8(truncatingIfNeeded: text.utf8.count >> 8))
                append(UInt8(truncatingIfNeeded: text.utf8.count))
                for byte in text.utf8 { append(byte) }
            }
            label.withUTF8Buffer { for byte in $0 { append(byte) } }
            append(0)
            appendCounted(domain)
            appendCounted(accountID)
            return body(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: message[..<end])))
        }
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
