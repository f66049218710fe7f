/// A set of surrogate keys for one request: a quarter of the cost of a `Set`, whose hash guards against
/// keys that an attacker chose. Surrogates are given out by the database.
struct FlatSet: Sendable {
    private var keys: [Int64]
    private var mask: Int
    private(set) var count = 0
    // Surrogates are positive, row numbers start at 0.
    private static let free = Int64.min

    init(capacity: Int) {
        let size = powerOfTwo(atLeast: max(16, capacity * 2))
        keys = Array(repeating: Self.free, count: size)
        mask = size - 1
    }

    func contains(_ key: Int64) -> Bool { count > 0 && keys[place(of: key, among: keys, mask: mask, free: Self.free)] == key }

    /// - Returns: false when the key was there.
    @discardableResult
    mutating func insert(_ key: Int64) -> Bool {
        if (count + 1) * 2 > keys.count { grow() }
        let place = place(of: key, among: keys, mask: mask, free: Self.free)
        if keys[place] == key { return false }
        keys[place] = key
        count += 1
        return true
    }

    private mutating func grow() {
        let old = keys
        self = FlatSet(capacity: old.count)
        for key in old where key != Self.free { insert(key) }
    }
}

/// Numbers by surrogate key for one request.
struct FlatMap: Sendable {
    private var keys: [Int64]
    private var values: [Double]
    private let mask: Int
    private(set) var count = 0
    private static let free = Int64.min

    /// - Parameter capacity: how many keys there will be at most.
    init(capacity: Int) {
        let size = powerOfTwo(atLeast: max(16, capacity * 2))
        keys = Array(repeating: Self.free, count: size)
        values = Array(repeating: 0, count: size)
        mask = size - 1
    }

    subscript(key: Int64) -> Double? {
        guard count > 0 else { return nil }
        let place = place(of: key, among: keys, mask: mask, free: Self.free)
        return keys[place] == key ? values[place] : nil
    }

    mutating func set(_ key: Int64, _ value: Double) {
        values[find(key)] = value
    }

    /// The key's value; where it has none, nil, and it gets this one.
    mutating func value(of key: Int64, orSet value: Double) -> Double? {
        let before = count
        let place = find(key)
        if count == before { return values[place] }
        values[place] = value
        return nil
    }

    /// Where the key stands, which it does from now on.
    private mutating func find(_ key: Int64) -> Int {
        let place = place(of: key, among: keys, mask: mask, free: Self.free)
        if keys[place] != key {
            precondition(count * 2 < keys.count, "a flat map got more keys than it was made for")
            keys[place] = key
            count += 1
        }
        return place
    }
}

/// Where the key stands, or the free place where it would. Fibonacci hashing: dense keys spread evenly.
@inline(__always)
private func place(of key: Int64, among keys: [Int64], mask: Int, free: Int64) -> Int {
    let hash = UInt64(bitPattern: key) &* 0x9e37_79b9_7f4a_7c15
    var place = Int(truncatingIfNeeded: hash >> 32) & mask
    while keys[place] != key && keys[place] != free { place = (place + 1) & mask }
    return place
}

private func powerOfTwo(atLeast count: Int) -> Int {
    var size = 16
    while size < count { size *= 2 }
    return size
}
