/// 128 bits for one row's values, in order. It finds what went wrong by accident; it is no protection against malice.
///
/// Two lanes over words of 64 bits, each ended by MurmurHash3's last steps (Austin Appleby, public domain).
struct RowDigest {
    private var high: UInt64 = 0x2545_F491_4F6C_DD1D
    private var low: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var column: UInt64 = 1
    private var nulls: UInt64 = 0

    @inline(__always)
    mutating func add(_ word: UInt64) {
        let product = (high ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        high = product.high ^ product.low
        low = (low ^ word) &* 0xE703_7ED1_A0B4_28DB
        low = low << 31 | low >> 33
    }

    @inline(__always)
    mutating func null() {
        nulls |= column
        column = column << 1 | column >> 63
    }

    @inline(__always)
    mutating func value(_ word: UInt64) {
        column = column << 1 | column >> 63
        add(word)
    }

    @inline(__always)
    mutating func value(_ bytes: UnsafeRawBufferPointer) {
        value(UInt64(truncatingIfNeeded: bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        if offset < bytes.count {
            var last: UInt64 = 0
            for place in offset..<bytes.count { last = last << 8 | UInt64(bytes[place]) }
            add(last)
        }
    }

    /// The row's digest.
    func finished() -> TableDigest {
        var digest = self
        digest.add(nulls)
        return TableDigest(rows: 1, high: Self.mixed(digest.high), low: Self.mixed(digest.low))
    }

    private static func mixed(_ word: UInt64) -> UInt64 {
        var word = (word ^ word >> 33) &* 0xFF51_AFD7_ED55_8CCD
        word = (word ^ word >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return word ^ word >> 33
    }
}

/// The sum of rows' digests: equal on both sides when both have the same rows, in whatever order, each as often.
struct TableDigest: Hashable, Sendable {
    var rows = 0
    var high: UInt64 = 0
    var low: UInt64 = 0

    static func += (sum: inout TableDigest, digest: TableDigest) {
        sum.rows += digest.rows
        let (low, carry) = sum.low.addingReportingOverflow(digest.low)
        sum.low = low
        sum.high = sum.high &+ digest.high &+ (carry ? 1 : 0)
    }
}
