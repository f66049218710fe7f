/// Whole numbers around 0, drawn exactly: with no floating point whose rounding would tell what was added to.
///
/// The probability of x is proportional to e^(-x^2 / (2 variance)).
///
/// Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020, algorithms 1 to 3.
struct DiscreteGaussian: Sendable, Equatable {
    /// 1 to 10,000, so that no product below is beyond 64 bits.
    let variance: UInt64
    /// The scale of the Laplace numbers that are thinned out: the standard deviation, rounded down, and one.
    private let scale: UInt64

    init(variance: UInt64) {
        precondition((1...10_000).contains(variance), "a variance of \(variance)")
        self.variance = variance
        scale = UInt64(Double(variance).squareRoot()) + 1
    }

    func draw(using random: inout some RandomNumberGenerator) -> Int64 {
        while true {
            let (size, isNegative) = laplace(using: &random)
            // e^(-(size - variance/scale)^2 / (2 variance)), as one fraction.
            let distance = size * scale > variance ? size * scale - variance : variance - size * scale
            if Self.happens(oneOf: distance * distance, in: 2 * variance * scale * scale, using: &random) {
                return isNegative ? -Int64(size) : Int64(size)
            }
        }
    }

    /// A whole number with probability proportional to e^(-|x| / scale).
    private func laplace(using random: inout some RandomNumberGenerator) -> (size: UInt64, isNegative: Bool) {
        while true {
            let part = random.next(upperBound: scale)
            guard Self.happens(oneOf: part, in: scale, using: &random) else { continue }
            var whole: UInt64 = 0
            while Self.happens(oneOf: 1, in: 1, using: &random) { whole += 1 }
            let size = part + scale * whole
            let isNegative = random.next(upperBound: 2 as UInt64) == 0
            // Zero has no sign: half of its draws would be counted twice. A size that is never reached in practice must not overflow.
            if size == 0 && isNegative || size > 1_000_000 { continue }
            return (size, isNegative)
        }
    }

    /// True with probability e^(-numerator / denominator).
    private static func happens(
        oneOf numerator: UInt64, in denominator: UInt64, using random: inout some RandomNumberGenerator
    ) -> Bool {
        var left = numerator
        while left > denominator {
            guard atMostOnce(denominator, denominator, using: &random) else { return false }
            left -= denominator
        }
        return atMostOnce(left, denominator, using: &random)
    }

    /// The same for a fraction of at most 1, from coins that are whole fractions: von Neumann's way.
    private static func atMostOnce(_ numerator: UInt64, _ denominator: UInt64, using random: inout some RandomNumberGenerator) -> Bool {
        var step: UInt64 = 1
        while random.next(upperBound: denominator * step) < numerator { step += 1 }
        return step % 2 == 1
    }
}
