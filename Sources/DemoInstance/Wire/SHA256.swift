/// SHA-256 (FIPS 180-4), for the code challenge of a log-in and for nothing secret: the demo must not import OpenSSL.
struct SHA256 {
    private static let constants: [UInt32] = primes(64).map { fraction(of: $0, root: 3) }
    private static let initial: [UInt32] = primes(8).map { fraction(of: $0, root: 2) }

    static func digest(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }

        var state = initial
        for block in stride(from: 0, to: padded.count, by: 64) { mix(padded[block..<block + 64], into: &state) }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
    }

    private static func mix(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
        var words = [UInt32](repeating: 0, count: 64)
        for (index, byte) in block.enumerated() { words[index / 4] = words[index / 4] << 8 | UInt32(byte) }
        for index in 16..<64 {
            let (near, far) = (words[index - 15], words[index - 2])
            let low = right(near, 7) ^ right(near, 18) ^ (near >> 3)
            let high = right(far, 17) ^ right(far, 19) ^ (far >> 10)
            words[index] = words[index - 16] &+ low &+ words[index - 7] &+ high
        }
        var work = state
        for index in 0..<64 {
            let (a, b, c, e) = (work[0], work[1], work[2], work[4])
            let first = work[7] &+ (right(e, 6) ^ right(e, 11) ^ right(e, 25)) &+ ((e & work[5]) ^ (~e & work[6]))
            let sum = first &+ constants[index] &+ words[index]
            let second = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) &+ ((a & b) ^ (a & c) ^ (b & c))
            work = [sum &+ second, a, b, c, work[3] &+ sum, e, work[5], work[6]]
        }
        for index in 0..<8 { state[index] = state[index] &+ work[index] }
    }

    private static func right(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    private static func primes(_ count: Int) -> [UInt64] {
        var found: [UInt64] = []
        var candidate: UInt64 = 2
        while found.count < count {
            if !found.contains(where: { candidate % $0 == 0 }) { found.append(candidate) }
            candidate += 1
        }
        return found
    }

    /// The first 32 bits after the point of the square or cube root.
    private static func fraction(of number: UInt64, root: Int) -> UInt32 {
        // The largest x with x^root <= number * 2^(32 * root), found bit by bit.
        let limit = UInt128(number) << UInt128(32 * root)
        var result: UInt128 = 0
        for bit in (0..<40).reversed() {
            let candidate = result | (1 << UInt128(bit))
            let power = root == 2 ? candidate * candidate : candidate * candidate * candidate
            if power <= limit { result = candidate }
        }
        return UInt32(truncatingIfNeeded: result)
    }
}

/// Base 64, as HTTP's Basic and log-in challenges use it.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The URL alphabet, without padding.
    static func urlEncoded(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0...group.count { out.append(alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)]) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Either alphabet, padded or not; nil for anything else.
    static func decoded(_ text: some StringProtocol) -> [UInt8]? {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            let plain = byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
            guard let value = alphabet.firstIndex(of: plain) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return out
    }
}
