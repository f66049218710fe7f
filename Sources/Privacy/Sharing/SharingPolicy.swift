/// How counts of what people did become numbers that everybody is recommended from.
///
/// Without noise a number stands for at least ``minimumPeople``; with it, for a probability besides: whether or not one person was
/// there changes the chance of any published outcome of a day by at most a factor of e^epsilon, but for a chance of delta.
public struct SharingPolicy: Sendable, Equatable {
    /// The words of the setting.
    public enum Mode: String, Sendable, CaseIterable { case counted = "k", noisy = "dp" }

    /// The bound for one person's acts of one day, and what it costs.
    public struct Noise: Sendable, Equatable {
        public let epsilon: Double
        public let delta: Double
        /// Statuses of one person that count on one day.
        let posts: Int
        let numbers: DiscreteGaussian
        /// Beyond the fewest people: what a count must reach with its noise.
        let margin: Int

        /// Half of delta is the noise's: over ten numbers that each move by one. The other half is the margin's: that one of ten counts that
        /// reach the fewest people only with this person is published at all. Tests/Reference/noise.py works both out.
        public static let standard = Noise(
            epsilon: 1, delta: 1e-5, posts: 10, numbers: DiscreteGaussian(variance: 151), margin: 61)
    }

    /// Published numbers are multiples of this.
    public static let rounding = 5
    /// What one person's day may count for without noise.
    private static let postsWithoutNoise = 20

    public let minimumPeople: Int
    /// nil: counts are published as they are, but for the gate and the rounding.
    public let noise: Noise?

    public init(_ mode: Mode = .counted, minimumPeople: Int = KeepingPolicy.Shared.fewestPeople) {
        precondition(minimumPeople > 0, "a gate of \(minimumPeople) people")
        self.minimumPeople = minimumPeople
        noise = mode == .noisy ? .standard : nil
    }

    /// For the report: what is shared, and at which price.
    public var sentence: String {
        guard let noise else { return "of at least \(minimumPeople), in steps of \(Self.rounding)" }
        return "of at least \(minimumPeople), with noise: epsilon \(Int(noise.epsilon)) and delta \(noise.delta) a day, one release a day"
    }

    /// How many statuses one person is heard for on one day.
    public var postsOfOnePerson: Int { noise?.posts ?? Self.postsWithoutNoise }

    /// - Parameter count: people who acted on one status on one day.
    /// - Returns: what is published of it, a multiple of ``rounding``; nil for nothing at all.
    public func published(_ count: Int, using random: inout some RandomNumberGenerator) -> Int? {
        guard count >= minimumPeople else { return nil }
        var number = count
        if let noise {
            number += Int(noise.numbers.draw(using: &random))
            guard number >= minimumPeople + noise.margin else { return nil }
        }
        let rounded = number / Self.rounding * Self.rounding
        return rounded > 0 ? rounded : nil
    }
}
