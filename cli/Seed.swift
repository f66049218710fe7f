import Fediverse
import Privacy
import SheltieKit

/// Invented posts and people to try things with: the same each time, but for the posts' times, which are recent.
struct Seed {
    struct Sown: Sendable {
        struct Person: Sendable {
            var alias: AliasID
            var level: PrivacyLevel
            var acts: Int
        }
        var posts = 0
        var people: [Person] = []
    }

    let service: RecommenderService
    let now: Instant

    private static let postCount = 60
    private static let authorCount = 12
    private static let actsOfOne = 14

    /// Each subject with what is said about it; the first is English, the second German.
    private static let subjects: [(tag: String, english: String, german: String)] = [
        ("dogs", "The old collie next door herds the postman again", "Die alte Hündin nebenan hütet wieder den Briefträger"),
        ("gardening", "First beans of the year, and the snails know it", "Die ersten Bohnen des Jahres, und die Schnecken wissen es"),
        ("trains", "Night train, empty carriage, full moon", "Nachtzug, leerer Wagen, voller Mond"),
        ("bread", "The sourdough finally forgave me", "Der Sauerteig hat mir endlich verziehen"),
        ("astronomy", "Saturn through a borrowed telescope", "Saturn durch ein geliehenes Fernrohr"),
        ("books", "A second-hand novel with somebody's ticket in it", "Ein gebrauchter Roman, und eine fremde Fahrkarte darin"),
    ]

    private static let people: [(name: String, level: PrivacyLevel, likes: Int)] = [
        ("seed_user_1", .full, 0), ("seed_user_2", .full, 2), ("seed_user_3", .limited, 4), ("seed_user_4", .full, 1),
        ("seed_user_5", .none, 3),
    ]

    /// Posts first, since the people act on them. Done again it changes nothing but the times of the acts.
    func sow() async throws -> Sown {
        var sown = Sown()
        sown.posts = try await service.bulkImportPosts((0..<Self.postCount).map(post)).ok
        for (number, person) in Self.people.enumerated() {
            let alias = try service.alias(userID: person.name)
            try await service.setLevel(person.level, of: alias)
            _ = try await service.bulkRecordInteractions(acts(of: number))
            let kept = try await service.interactionHistory(of: alias, limit: Self.actsOfOne)
            sown.people.append(.init(alias: alias, level: person.level, acts: kept.count))
        }
        return sown
    }

    private func post(_ number: Int) -> PostMetadata {
        let subject = Self.subjects[number % Self.subjects.count]
        let isGerman = number % 5 == 4
        return PostMetadata(
            postID: Self.id(number), authorID: "https://seed.invalid/users/author\(number * 7 % Self.authorCount)",
            content: "\(isGerman ? subject.german : subject.english), no. \(number + 1)", language: isGerman ? "de" : "en",
            createdAt: (now.floored(to: .hours(1)) - .hours(Int64(number + 1))).iso8601, favorites: number * 13 % 29, boosts: number * 5 % 11,
            replies: number * 3 % 7, tags: number % 2 == 0 ? [subject.tag] : [subject.tag, "weekend"])
    }

    /// Mostly on the person's own subject, spread over the last two days.
    private func acts(of number: Int) -> [InteractionRecord] {
        let person = Self.people[number]
        let types = ["favorite", "favorite", "boost", "reply", "bookmark"]
        return (0..<Self.actsOfOne).map { act in
            let isOwnSubject = act % 3 != 2
            let step = isOwnSubject ? Self.subjects.count : 7
            let post = ((isOwnSubject ? person.likes : number) + act / 2 * step) % Self.postCount
            return InteractionRecord(
                userID: person.name, postID: Self.id(post), interactionType: types[act % types.count],
                context: ["source": "timeline", "position": .number(act)], timestamp: (now - .hours(Int64(act * 3 + 1))).iso8601)
        }
    }

    private static func id(_ number: Int) -> String {
        let digits = String(number + 1)
        return "seed-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }
}
