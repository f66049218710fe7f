import Foundation
import TestSupport
import Testing

@testable import Privacy

@Suite struct SharingTests {
    @Test func `without noise a count is published from five people on, in steps of five`() {
        var random = SystemRandomNumberGenerator()
        let policy = SharingPolicy()
        for (count, published) in [(0, nil), (4, nil), (5, 5), (9, 5), (10, 10), (123, 120)] as [(Int, Int?)] {
            #expect(policy.published(count, using: &random) == published)
        }
    }

    @Test func `noise is drawn as often as its formula says`() {
        var random = SeededGenerator(seed: 7)
        for variance in [1, 3, 25, 151] as [UInt64] {
            let numbers = DiscreteGaussian(variance: variance)
            let draws = 40_000
            var seen: [Int64: Int] = [:]
            for _ in 0..<draws { seen[numbers.draw(using: &random), default: 0] += 1 }
            let reach = Int64(6 * Double(variance).squareRoot()) + 2
            let weight = { (number: Int64) in exp(-Double(number * number) / (2 * Double(variance))) }
            let total = (-reach...reach).reduce(0) { $0 + weight($1) }
            // Chi-square over the numbers that are expected often enough, the rest as one.
            var (sum, cells, rest, restExpected) = (0.0, 0.0, draws, Double(draws))
            for number in -reach...reach {
                let expected = Double(draws) * weight(number) / total
                guard expected >= 20 else { continue }
                let difference = Double(seen[number] ?? 0) - expected
                sum += difference * difference / expected
                cells += 1
                rest -= seen[number] ?? 0
                restExpected -= expected
            }
            #expect(cells >= 5)
            // Five standard deviations above the mean: one run in some millions.
            #expect(sum < cells + 5 * (2 * cells).squareRoot(), "variance \(variance): \(sum) of \(cells) cells")
            #expect(abs(Double(rest) - restExpected) < 6 * max(restExpected, 1).squareRoot() + 1)
        }
    }

    @Test(.enabled(if: system("python3 -c '' 2>/dev/null") == 0, "needs python3"))
    func `variance and margin are what the promise asks for`() throws {
        let noise = SharingPolicy.Noise.standard
        let script = #filePath.replacing("PrivacyTests/SharingTests.swift", with: "Reference/noise.py")
        #expect(try output(of: "python3 '\(script)'") == "\(noise.numbers.variance) \(noise.margin)\n")
        #expect((noise.epsilon, noise.delta, noise.posts) == (1, 1e-5, 10))
    }

    /// The mechanism itself, on two days that differ in one person who acted on ten posts.
    @Test func `what one person changes stays within the stated epsilon`() {
        let test = LargeTest("noise-epsilon", seed: 13)
        var random = SeededGenerator(seed: test.seed)
        let noise = SharingPolicy.Noise.standard
        // Sums of the ten numbers say most about a shift of all of them.
        func sum(_ counts: Int) -> Int64 {
            (0..<noise.posts).reduce(0) { sum, _ in sum + Int64(counts) + noise.numbers.draw(using: &random) }
        }
        let with = (0..<test.planned).map { _ in sum(201) }.sorted(), without = (0..<test.planned).map { _ in sum(200) }.sorted()
        var worst = 0.0
        var failed = 0
        for threshold in stride(from: Int64(1_900), through: 2_110, by: 5) {
            let (more, less) = (Double(with.count { $0 > threshold }), Double(without.count { $0 > threshold }))
            for (one, other) in [(more, less), (Double(test.planned) - less, Double(test.planned) - more)] {
                // Where too few fall, chance alone decides.
                guard other >= 0.02 * Double(test.planned) else { continue }
                // 95 % of the runs of this test are below it: the logarithm of a ratio varies by the square root of 1/one + 1/other.
                let upper = log(one / other) + 1.645 * (1 / one + 1 / other).squareRoot()
                worst = max(worst, upper)
                if upper > noise.epsilon { failed += 1 }
            }
        }
        test.finish(done: test.planned, failed: failed)
        #expect(failed == 0)
        // An estimate of nothing proves nothing: the shift of ten must be seen.
        #expect(worst > 0.2, "\(worst)")
    }

    @Test func `nothing is published that only one person brings over the gate, but for a chance of delta`() {
        var random = SeededGenerator(seed: 17)
        let policy = SharingPolicy(.noisy)
        #expect((0..<20_000).allSatisfy { _ in policy.published(4, using: &random) == nil })
        // At the gate the chance is 4e-7 a number: in 20,000 draws it is not seen.
        #expect((0..<20_000).allSatisfy { _ in policy.published(5, using: &random) == nil })
        #expect((0..<1_000).count { _ in policy.published(66, using: &random) != nil } > 400)
        let numbers = (0..<1_000).compactMap { _ in policy.published(500, using: &random) }
        #expect(numbers.count == 1_000 && numbers.allSatisfy { $0 % 5 == 0 } && Set(numbers).count > 5)
        #expect(abs(numbers.reduce(0, +) / 1_000 - 498) < 3)
    }

    /// How many of a day's acts are on posts that are published, for docs/privacy.md.
    @Test(arguments: [1_000, 5_000, 20_000]) func `noise costs what the documentation says`(people: Int) throws {
        var random = SeededGenerator(seed: UInt64(people))
        // Each of the active people favourites three to a dozen posts of a day; a post as often as one over its rank.
        let posts = people
        var acts: [[Int]] = []
        for _ in 0..<people {
            acts.append(Set((0..<(3 + random.next(10))).map { _ in
                min(posts - 1, Int(exp(Double.random(in: 0..<log(Double(posts + 1)), using: &random))) - 1)
            }).sorted())
        }
        let total = acts.reduce(0) { $0 + $1.count }
        var share: [SharingPolicy.Mode: Double] = [:]
        for mode in SharingPolicy.Mode.allCases {
            let policy = SharingPolicy(mode)
            var counts = [Int](repeating: 0, count: posts)
            for person in acts { for post in person.shuffled(using: &random).prefix(policy.postsOfOnePerson) { counts[post] += 1 } }
            let published = counts.indices.filter { policy.published(counts[$0], using: &random) != nil }
            share[mode] = Double(published.reduce(0) { $0 + counts[$1] }) / Double(total)
        }
        let documented = try String(contentsOfFile: #filePath.replacing("Tests/PrivacyTests/SharingTests.swift", with: "docs/privacy.md"), encoding: .utf8)
        let row = "| \(people) | \(percent(share[.counted])) | \(percent(share[.noisy])) |"
        #expect(documented.contains(row), "\(row)")
    }

    private func percent(_ share: Double?) -> String { "\(Int(((share ?? 0) * 100).rounded())) %" }
}
