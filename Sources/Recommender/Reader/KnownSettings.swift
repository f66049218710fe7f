public import Privacy

extension KnownSetting {
    /// Every setting of a person, in the order in which they are listed.
    public static let all: [KnownSetting] =
        [
            KnownSetting("mode", "recommendations in home, or not", ["blend", "off"]),
            KnownSetting("label", "seen in every client, collapsed, for programs only, or none", ["reblog", "filtered", "json", "off"]),
            KnownSetting("hidden-lists", "lists of ours that do not stand among yours, as for-you,catch-up,quiet-friends") {
                $0.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { ["for-you", "catch-up", "quiet-friends"].contains($0) }
            },
            KnownSetting("language", "the language of reasons", ["en", "de", "fr", "es", "ja"]),
            KnownSetting("languages", "languages that may be recommended, as en,de; und admits posts that do not say theirs") {
                !$0.isEmpty && $0.utf8.count <= 200 && $0.utf8.allSatisfy { byte in
                    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || [UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: " ")].contains(byte)
                }
            },
            KnownSetting("preset", "what counts most", ["balanced", "people", "topics", "popular", "newest"]),
            KnownSetting("policy", "how recommendations are ranked", ["blend-v1", "corgi-v1", "chronological"]),
        ]
        + ReasonCode.allCases.map { reason in
            KnownSetting("weight." + reason.rawValue, "how much this reason counts, -2 to 2; 1 is usual, 0 never", allows: isWeight)
        }

    @Sendable private static func isWeight(_ text: String) -> Bool {
        text.utf8.count <= 24 && (Double(text).map { (-2...2).contains($0) } ?? false)
    }
}

extension RankingPolicy {
    /// The main parameters of the ranking as they hold for a reader with these settings, in words and numbers, for their report.
    /// - Parameter settings: the reader's own; a policy that they chose beats this one.
    public func parameters(with settings: [String: String]) -> [(name: String, value: String)] {
        let sliders = Sliders(settings)
        let policy = sliders.policy ?? self
        var parameters = [(name: "policy", value: policy.rawValue + (sliders.policy == nil ? "" : ", your choice"))]
        switch policy {
        case .blend, .starter:
            for (name, blend) in [("weight", Blend.personal), ("weight while nothing is known of you", Blend.nonProfiled)] where policy == .blend || blend.weights[0] == 0 {
                for code in ReasonCode.allCases where blend.weights[code.place] != 0 {
                    let own = sliders.multipliers[code.place]
                    parameters.append(("\(name): \(code.rawValue)", "\(blend.weights[code.place])" + (own == 1 ? "" : ", times \(own) by your settings")))
                }
            }
        case .corgi:
            parameters += [("weight: author", "0.4"), ("weight: engagement", "0.3"), ("weight: recency", "0.3")]
        case .chronological:
            parameters.append(("order", "the newest first, nothing else"))
        }
        if let languages = sliders.languages { parameters.append(("languages", languages.sorted().joined(separator: ", "))) }
        return parameters
    }
}
