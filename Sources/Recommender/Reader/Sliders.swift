/// What a person sets about their own ranking: how much each signal counts, and which languages they read.
///
/// Settings: `weight.<signal>` (-2 to 2, 1 is the default, 0 switches the signal off, below 0 it counts against a
/// status), `preset` (a name of `presets`; a slider beats it), `policy` (a policy's name), `languages` (codes with
/// commas; `und` lets statuses of unknown language in, and alone every language). Signals bear the names of the reasons.
struct Sliders: Sendable, Equatable {
    /// Multipliers in the order of `ReasonCode.allCases`.
    var multipliers: [Double]
    var policy: RankingPolicy?
    /// nil: not said.
    var languages: Set<String>?
    var unknownLanguage: Bool

    static let range = -2.0...2.0

    static let presets: [String: [ReasonCode: Double]] = [
        "balanced": [:],
        "people": [.author: 2, .popular: 0.5, .popularHere: 0.5],
        "topics": [.tag: 2, .popular: 0.5],
        "popular": [.popular: 2, .popularHere: 2],
        "newest": [.fresh: 2],
    ]

    init(_ settings: [String: String]) {
        let preset = settings["preset"].flatMap { Self.presets[$0] } ?? [:]
        multipliers = ReasonCode.allCases.map { signal in
            if !settings.isEmpty, let value = settings["weight." + signal.rawValue].flatMap(Double.init), value.isFinite {
                return min(max(value, Self.range.lowerBound), Self.range.upperBound)
            }
            return preset[signal] ?? 1
        }
        policy = settings["policy"].flatMap { RankingPolicy(rawValue: $0) }
        var codes = Set<String>()
        for code in settings["languages"]?.split(separator: ",") ?? [] {
            let code = normalizedLanguage(String(code.filter { $0 != " " }))
            if !code.isEmpty { codes.insert(code) }
        }
        unknownLanguage = codes.remove("und") != nil
        languages = codes.isEmpty ? nil : codes
    }
}
