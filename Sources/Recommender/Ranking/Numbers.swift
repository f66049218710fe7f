import Glibc

func naturalLogarithm(_ value: Double) -> Double { log(value) }
func exponential(_ value: Double) -> Double { exp(value) }

/// What is left of 1 after `age`, when it halves every `halfLife`; a status from the future counts as new.
///
/// - Parameters: both in seconds, `halfLife` above 0.
func decay(age: Double, halfLife: Double) -> Double { exp2(-max(0, age) / halfLife) }

/// `x / (x + scale)`: 0 at 0, a half at `scale`, never 1. One huge counter cannot flatten all others, as it does when
/// everything is divided by the largest.
func saturated(_ value: Double, scale: Double) -> Double { value > 0 ? value / (value + scale) : 0 }

/// The 80th percentile (nearest rank) of the values above 0; 1 when there is none.
///
/// Values of 0 are left out: most statuses bear no tag that the reader likes, and a scale of 0 would make every step a cliff.
func saturationScale(of values: some Sequence<Double>) -> Double {
    var positive: [Double] = []
    positive.reserveCapacity(values.underestimatedCount)
    for value in values where value > 0 { positive.append(value) }
    guard !positive.isEmpty else { return 1 }
    return select(rank: (positive.count * 4 + 4) / 5 - 1, from: &positive)
}

/// The value that sorting would put at `rank`, in linear time (Hoare's selection).
func select(rank: Int, from values: inout [Double]) -> Double {
    values.withUnsafeMutableBufferPointer { select(rank: rank, from: $0) }
}

private func select(rank: Int, from values: UnsafeMutableBufferPointer<Double>) -> Double {
    var (low, high) = (0, values.count - 1)
    while low < high {
        let pivot = values[(low + high) / 2]
        var (left, right) = (low, high)
        while left <= right {
            while values[left] < pivot { left += 1 }
            while values[right] > pivot { right -= 1 }
            if left <= right {
                values.swapAt(left, right)
                left += 1
                right -= 1
            }
        }
        if rank <= right { high = right } else if rank >= left { low = left } else { break }
    }
    return values[rank]
}

/// Random numbers from a seed, the same everywhere. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
