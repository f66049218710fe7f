import Glibc

/// Texts one after another in one block of bytes: a String of a status id costs 64 bytes, here it costs its length and 4.
struct TextBlock: Sendable, Equatable {
    private(set) var bytes: [UInt8] = []
    /// Where each text ends in `bytes`.
    private(set) var ends: [UInt32] = []

    var count: Int { ends.count }
    var memoryBytes: Int { bytes.capacity + ends.capacity * 4 }

    subscript(index: Int) -> String { String(decoding: bytes[range(index)], as: UTF8.self) }

    func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index]) }

    mutating func reserve(texts: Int, bytes count: Int) {
        ends.reserveCapacity(texts)
        bytes.reserveCapacity(count)
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(UInt32(bytes.count))
    }

    /// Appends the texts of a range of another block, their bytes in one copy.
    mutating func append(_ run: Range<Int>, of other: TextBlock) {
        guard !run.isEmpty else { return }
        let start = other.range(run.lowerBound).lowerBound
        let shift = bytes.count - start
        bytes.append(contentsOf: other.bytes[start..<Int(other.ends[run.upperBound - 1])])
        for end in other.ends[run] { ends.append(UInt32(Int(end) + shift)) }
    }

    /// Whether text `left` stands before text `right`, byte by byte.
    func precedes(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (range(left), range(right))
        return bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return false }
            let order = memcmp(base + a.lowerBound, base + b.lowerBound, min(a.count, b.count))
            return order != 0 ? order < 0 : a.count < b.count
        }
    }
}

/// Texts as small integers. Equal means equal bytes: two spellings of one word in Unicode are two texts.
struct TextTable: Sendable, Equatable {
    private(set) var texts = TextBlock()
    /// Open addressing over the texts' hashes; -1 is free. A power of two, at most half full.
    private var slots: [Int32] = Array(repeating: -1, count: 16)

    var count: Int { texts.count }
    var memoryBytes: Int { texts.memoryBytes + slots.capacity * 4 }

    subscript(id: Int32) -> String { texts[Int(id)] }

    static func == (left: TextTable, right: TextTable) -> Bool { left.texts == right.texts }

    func id(of text: String) -> Int32? {
        var text = text
        return text.withUTF8 { utf8 in
            let found = slots[slot(of: utf8)]
            return found < 0 ? nil : found
        }
    }

    /// The text's id, a new one where it has none.
    mutating func insert(_ text: String) -> Int32 {
        if (count + 1) * 2 > slots.count { grow() }
        var copy = text
        let place = copy.withUTF8 { slot(of: $0) }
        if slots[place] >= 0 { return slots[place] }
        slots[place] = Int32(count)
        texts.append(text)
        return slots[place]
    }

    /// The same texts in the order of their bytes, so that equal sets give equal tables.
    /// - Returns: the table, and each old id's new one.
    func sorted() -> (table: TextTable, ids: [Int32]) {
        var order = (0..<count).map { Int32($0) }
        order.sort { texts.precedes(Int($0), Int($1)) }
        var table = TextTable()
        table.texts.reserve(texts: count, bytes: texts.bytes.count)
        var ids = [Int32](repeating: -1, count: count)
        for (new, old) in order.enumerated() {
            ids[Int(old)] = Int32(new)
            table.texts.append(Int(old)..<Int(old) + 1, of: texts)
        }
        table.rehash(slots: slots.count)
        return (table, ids)
    }

    private mutating func grow() { rehash(slots: slots.count * 2) }

    private mutating func rehash(slots size: Int) {
        slots = Array(repeating: -1, count: size)
        for id in 0..<count {
            let place = texts.bytes.withUnsafeBufferPointer { slot(of: UnsafeBufferPointer(rebasing: $0[texts.range(id)])) }
            slots[place] = Int32(id)
        }
    }

    /// Where the text stands in `slots`, or the free place where it would.
    private func slot(of text: UnsafeBufferPointer<UInt8>) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask
        while slots[place] >= 0, !matches(Int(slots[place]), text) { place = (place + 1) & mask }
        return place
    }

    private func matches(_ id: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let range = texts.range(id)
        guard range.count == text.count else { return false }
        guard let other = text.baseAddress else { return true }
        return texts.bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return false }
            return memcmp(base + range.lowerBound, other, text.count) == 0
        }
    }
}
