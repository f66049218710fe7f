/// SplitMix64: the same seed gives the same numbers on every machine and in every version.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// A generator for one thing of a world, whatever came before it.
    init(_ seed: UInt64, _ stream: UInt64) {
        state = seed ^ (stream &* 0xd134_2543_de82_ef95)
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    /// A number from 0 up to `count`, without it.
    mutating func below(_ count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// From 0 up to 1, without it.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func pick<Element>(_ all: [Element]) -> Element { all[below(all.count)] }
}

/// Draws positions with given weights.
struct WeightedDraw: Sendable {
    private let sums: [Double]

    /// - Parameter weights: at least one, all above 0.
    init(_ weights: [Double]) {
        var sum = 0.0
        sums = weights.map { weight in
            sum += weight
            return sum
        }
    }

    func draw(_ random: inout SeededRandom) -> Int {
        let value = random.fraction() * (sums.last ?? 0)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > value { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
