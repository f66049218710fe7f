import Fediverse
import Privacy

/// A reader's history made ready for one ranking: only what their level allows, in tables that are quick to ask.
struct ReaderView: Sendable {
    let now: Instant
    let sliders: Sliders
    /// Whether anything is known that a personal ranking could use.
    let isProfiled: Bool
    /// An author's pull by author key, as the history gives it.
    private(set) var authors: FlatMap
    /// The authors with the strongest pull, strongest first.
    private(set) var favouriteAuthors: [Int64] = []
    /// What a status gains by a tag, by tag id: how often the reader acted on it, times how rare it is.
    private(set) var tagWeights: FlatMap
    /// One bit for each of these tags, as in `CandidateBatch.tagBits`.
    private(set) var tagBits: UInt64 = 0
    /// The tags with the highest gain, highest first.
    private(set) var favouriteTags: [Int32] = []
    /// Acted on, or shown less than `shownAgainAfter` ago.
    private var excluded: FlatSet
    private var suppressedAuthors: FlatSet
    /// In the order of `ReasonCode.allCases`.
    let suppressedReasons: [Bool]
    private let history: ReaderHistory
    /// By language id of the index.
    private var languages: [Bool]
    private let unknownLanguage: Bool

    /// A recommendation that was passed by may come again after this.
    static let shownAgainAfter = Instant.Span.days(7)
    static let authorLimit = 40
    static let tagLimit = 32
    /// Fewer statuses acted on than this say nothing about what somebody reads.
    static let actsForLanguages = 5
    /// One act in a language may be a slip.
    static let actsForLanguage = 2

    /// - Parameters:
    ///   - history: at NONE nothing of it is read, at LIMITED its tags are not.
    ///   - requested: languages of the status, of which one is needed; nil for no such wish.
    init(
        _ history: ReaderHistory, level: PrivacyLevel, index: CandidateIndex, at now: Instant, requested: Set<String>?
    ) {
        var history = level == .none ? ReaderHistory() : history
        if level < .full { history.tags = [:] }
        self.history = history
        self.now = now
        sliders = Sliders(history.settings)
        authors = FlatMap(capacity: history.authors.count)
        tagWeights = FlatMap(capacity: Self.tagLimit)
        excluded = FlatSet(capacity: history.actedOn.count + history.shown.count)
        suppressedAuthors = FlatSet(capacity: history.suppressedAuthors.count)
        suppressedReasons = ReasonCode.allCases.map { history.suppressedReasons.contains($0.rawValue) }
        languages = []
        unknownLanguage = sliders.unknownLanguage
        isProfiled = history.authors.values.contains { $0.score > 0 } || history.tags.values.contains { $0 > 0 }

        for post in history.actedOn { excluded.insert(post.value) }
        for (post, at) in history.shown where now - at < Self.shownAgainAfter { excluded.insert(post.value) }
        for author in history.suppressedAuthors { suppressedAuthors.insert(author.value) }
        // What somebody says beats what their acts look like; `und` alone says every language.
        let isSaid = requested != nil || sliders.languages != nil || sliders.unknownLanguage
        languages = Self.allowed(
            requested.map { Set($0.map(normalizedLanguage)) }, isSaid ? sliders.languages : Self.languages(of: history, in: index),
            among: index.languages)
        readAuthors()
        readTags(index)
    }

    /// The viewer's filters: not acted on, not shown lately, author not suppressed, in a language that they read.
    func accepts(key: Int64, author: Int64, language: Int16) -> Bool {
        !excluded.contains(key) && !suppressedAuthors.contains(author) && accepts(language: language)
    }

    func accepts(language: Int16) -> Bool { language < 0 ? unknownLanguage : languages[Int(language)] }

    func affinity(with author: Int64) -> ReaderHistory.AuthorAffinity? { history.authors[AuthorKey(author)] }

    private mutating func readAuthors() {
        var ranked: [(score: Double, author: Int64)] = []
        ranked.reserveCapacity(history.authors.count)
        for (author, affinity) in history.authors where affinity.score > 0 {
            // A score above 1 would let one author outweigh everything else.
            authors.set(author.value, min(affinity.score, 1))
            ranked.append((affinity.score, author.value))
        }
        ranked.sort { $0.score != $1.score ? $0.score > $1.score : $0.author < $1.author }
        favouriteAuthors = ranked.prefix(Self.authorLimit).lazy.map(\.author).filter { [suppressedAuthors] in !suppressedAuthors.contains($0) }
    }

    private mutating func readTags(_ index: CandidateIndex) {
        var ranked: [(gain: Double, tag: Int32)] = []
        ranked.reserveCapacity(history.tags.count)
        for (name, weight) in history.tags where weight > 0 && weight.isFinite {
            guard let tag = index.tags.id(of: name) else { continue }
            ranked.append((weight * inverseFrequency(of: tag, in: index), tag))
        }
        ranked.sort { $0.gain != $1.gain ? $0.gain > $1.gain : $0.tag < $1.tag }
        for (gain, tag) in ranked.prefix(Self.tagLimit) {
            tagWeights.set(Int64(tag), gain)
            tagBits |= 1 << UInt64(tag & 63)
            favouriteTags.append(tag)
        }
    }

    /// The languages of the candidates that the reader acted on: those of at least `actsForLanguage` of them, without their
    /// regions. nil, for every language, while too little is known to tell; a status that does not say its language tells nothing.
    private static func languages(of history: ReaderHistory, in index: CandidateIndex) -> Set<String>? {
        var acts = [Int](repeating: 0, count: index.languages.count)
        for post in history.actedOn {
            guard let row = index.row(of: post.value) else { continue }
            let language = index.columns.languages[Int(row)]
            if language >= 0 { acts[Int(language)] += 1 }
        }
        guard acts.reduce(0, +) >= actsForLanguages else { return nil }
        var primaries: [Substring: Int] = [:]
        for id in acts.indices where acts[id] > 0 {
            primaries[index.languages[Int32(id)].prefix { $0 != "-" }, default: 0] += acts[id]
        }
        let read = primaries.filter { $0.value >= actsForLanguage }.map { String($0.key) }
        return read.isEmpty ? nil : Set(read)
    }

    /// Which languages of the index the reader reads: those in both wishes. `pt` lets `pt-BR` in, not the other way round.
    private static func allowed(_ requested: Set<String>?, _ chosen: Set<String>?, among table: TextTable) -> [Bool] {
        (0..<table.count).map { id in
            guard requested != nil || chosen != nil else { return true }
            let code = table[Int32(id)]
            let primary = code.firstIndex(of: "-").map { String(code[..<$0]) }
            func isIn(_ wish: Set<String>?) -> Bool {
                guard let wish else { return true }
                return wish.contains(code) || primary.map { wish.contains($0) } ?? false
            }
            return isIn(requested) && isIn(chosen)
        }
    }
}

/// How much a tag tells: `ln((1 + statuses) / (1 + statuses with the tag))`, 0 for a tag that every status bears.
func inverseFrequency(of tag: Int32, in index: CandidateIndex) -> Double {
    naturalLogarithm((1 + Double(index.count)) / (1 + Double(index.rows(tagged: tag).count)))
}
