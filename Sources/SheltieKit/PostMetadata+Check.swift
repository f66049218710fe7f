import Fediverse
import Privacy
import Recommender
import Store

extension PostMetadata {
    private static let longestAuthorID = 2048
    private static let mostTags = 100
    private static let longestTag = 500
    /// Clocks differ: what lies a little ahead counts as now.
    private static let futureTolerance = Instant.Span.minutes(5)

    static func check(postID: String) throws(ServiceError) {
        guard (1...64).contains(postID.utf8.count), postID.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
            throw .badPost(member: .postID)
        }
    }

    /// The form in which the post is stored.
    /// - Parameter author: the stored id of the author's given one.
    func kept(author: (String) -> String, contentDays: Int, at now: Instant) throws(ServiceError) -> KeptStatus {
        try Self.check(postID: postID)
        guard (1...Self.longestAuthorID).contains(authorID.utf8.count) else { throw .badPost(member: .authorID) }
        guard let createdAt, let created = Instant(iso8601: createdAt), created <= now + Self.futureTolerance else {
            throw .badPost(member: .createdAt)
        }
        let language = language.flatMap { $0.isEmpty ? nil : $0 }
        guard language.map({ $0.utf8.count <= 10 }) ?? true else { throw .badPost(member: .language) }
        guard tags.count <= Self.mostTags, tags.allSatisfy({ $0.utf8.count <= Self.longestTag }) else { throw .badPost(member: .tags) }
        var seen: Set<String> = []
        let folded = tags.map(Self.normalized(tag:)).filter { !$0.isEmpty && seen.insert($0).inserted }
        // Text that the next retention would remove does not come in.
        let keepsText = created + .days(Int64(contentDays)) > now
        return KeptStatus(
            postID: postID, authorID: author(authorID), localID: postID, content: keepsText ? content.map { HTMLText.plain($0) } : nil, language: language, createdAt: min(created, now),
            favourites: max(0, favorites), reblogs: max(0, boosts), replies: max(0, replies), tags: folded, source: "import")
    }

    /// Lower case, without the sign.
    static func normalized(tag: String) -> String { (tag.hasPrefix("#") ? String(tag.dropFirst()) : tag).lowercased() }

    /// What is stored of a post; nil for a stub.
    init?(_ stored: StoredPostDetails) {
        guard stored.eligible, let createdAt = stored.createdAt else { return nil }
        self.init(
            postID: stored.postID, authorID: stored.authorID, content: stored.content, language: stored.language,
            createdAt: createdAt.iso8601, favorites: stored.favourites, boosts: stored.reblogs, replies: stored.replies, tags: stored.tags)
    }
}
