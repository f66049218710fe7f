import Fediverse

/// An invented person: what their profile says, what they write about, and what they allow.
struct Person: Sendable {
    var id: Int64
    var username: String
    var displayName: String
    /// nil for a person of this instance.
    var domain: String?
    var language: Language
    /// Positions in `Topic.all`, the favourite one first.
    var topics: [Int]
    /// The biography as plain text; a hashtag in it is linked when shown.
    var note: String
    var fields: [(name: String, value: String)]
    var discoverable: Bool?
    /// nil: their server is too old to say.
    var indexable: Bool?
    var noindex: Bool
    var locked: Bool
    var bot: Bool
    var group: Bool
    var hidesCollections: Bool
    /// Milliseconds since 1970, midnight.
    var createdAt: Int64

    var acct: String { domain.map { "\(username)@\($0)" } ?? username }
    var isLocal: Bool { domain == nil }
}

/// Makes the people of a world. The first is the reader of the demo, an ordinary person who allows everything.
struct PeopleMaker {
    private static let given = [
        "Abela", "Brinor", "Cassiva", "Dorvin", "Elmira", "Fenno", "Galia", "Hestor", "Ilvy", "Jorun", "Kesko", "Lumo", "Marvi", "Nolke",
        "Orsa", "Pelio", "Quenna", "Rasmo", "Sivra", "Tolben",
    ]
    private static let family = [
        "Ashbarrow", "Birkenpfad", "Caillou", "Dunmarsh", "Elderpond", "Farnbach", "Grissol", "Hollowmere", "Inselgrund", "Juncal",
        "Kiefermoor", "Larkstone", "Mossgate", "Nimbeau", "Osterquill", "Pinhal", "Quarrybank", "Riedwinkel", "Saltbrook", "Tannvik",
    ]
    private static let domains = ["harbour.example", "wiese.example", "atelier.example", "komorebi.example"]
    private static let optOutTags = ["#nobot", "#noindex", "#noarchive", "#nosearch", "#noai", "#norecommend"]

    let seed: UInt64
    let count: Int
    /// Milliseconds since 1970.
    let start: Int64

    func make() -> [Person] {
        var names = Self.given.flatMap { given in Self.family.map { (given, $0) } }
        var random = SeededRandom(seed, 1)
        names.shuffle(using: &random)
        return (0..<count).map { person($0, names[$0 % names.count]) }
    }

    private func person(_ index: Int, _ name: (String, String)) -> Person {
        var random = SeededRandom(seed, 1_000 + UInt64(index))
        let favourites = Self.topicDraw
        var topics = [favourites.draw(&random)]
        for _ in 0..<random.below(3) {
            let topic = favourites.draw(&random)
            if !topics.contains(topic) { topics.append(topic) }
        }
        let language = Self.languages.draw(&random)
        let days = Int64(30 + random.below(1_200))
        let created = (start - days * 86_400_000) / 86_400_000 * 86_400_000
        let words = topics.map { Topic.all[$0].tag }.joined(separator: ", ")
        let number = index >= Self.given.count * Self.family.count ? "\(index)" : ""
        var person = Person(
            id: (created + Int64(index)) << 16 | Int64(index), username: "\(name.0)_\(name.1)\(number)".lowercased(),
            displayName: "\(name.0) \(name.1)", domain: random.chance(65) ? nil : random.pick(Self.domains),
            language: Language.allCases[language], topics: topics, note: "Invented for a demonstration. Writes about \(words).",
            fields: [("topics", words)], discoverable: true, indexable: true, noindex: false, locked: false, bot: false, group: false,
            hidesCollections: random.chance(5), createdAt: created)
        if index == 0 {
            person.username = "reader"
            person.displayName = "Reader of the demo"
            person.domain = nil
        } else {
            decideConsent(&person, random: &random)
        }
        return person
    }

    /// About three in five allow to be found and indexed; each other signal is there a few times.
    private func decideConsent(_ person: inout Person, random: inout SeededRandom) {
        switch random.below(100) {
        case 0..<62: break
        case 62..<70: person.discoverable = nil
        case 70..<76: person.discoverable = false
        case 76..<86: person.indexable = false
        case 86..<89: person.indexable = nil
        case 89..<92: person.noindex = true
        case 92..<96:
            let tag = random.pick(Self.optOutTags)
            if random.chance(50) { person.note += " \(tag)" } else { person.fields.append(("wishes", tag)) }
        case 96..<98: person.bot = true
        default: person.group = true
        }
        if random.chance(6) { person.locked = true }
    }

    private static let topicDraw = WeightedDraw(Topic.all.indices.map { 1 / Double($0 + 1) })
    private static let languages = WeightedDraw([50, 18, 12, 12, 8])
}
