public import Privacy
import Fediverse

/// Every status that may be recommended, in memory, as it was at one version; a new version is a new index.
///
/// Rows stand in the order of their post keys, tags and languages in the order of their bytes. So equal candidates give
/// equal indexes, whatever the way that led there, and a tie is decided by the smaller row.
public final class CandidateIndex: Sendable {
    public let version: Int64
    let columns: Columns
    let orders: Orders
    let tags: TextTable
    let languages: TextTable
    let sources: TextTable

    init(version: Int64, columns: Columns, orders: Orders, tags: TextTable, languages: TextTable, sources: TextTable) {
        self.version = version
        self.columns = columns
        self.orders = orders
        self.tags = tags
        self.languages = languages
        self.sources = sources
    }

    /// An index without candidates, before the first version.
    public convenience init() {
        self.init(
            version: 0, columns: Columns(), orders: Orders(), tags: TextTable(), languages: TextTable(), sources: TextTable())
    }

    /// The index of every candidate at one version.
    public convenience init(_ changes: SnapshotChanges) {
        let built = CandidateIndex().updated(by: changes)
        self.init(
            version: built.version, columns: built.columns, orders: built.orders, tags: built.tags, languages: built.languages,
            sources: built.sources)
    }

    /// How many statuses may be recommended.
    public var count: Int { columns.keys.count }

    /// Bytes of the arrays, as allocated.
    public var memoryBytes: Int {
        columns.memoryBytes + orders.memoryBytes + tags.memoryBytes + languages.memoryBytes + sources.memoryBytes
    }

    /// The candidate as it is kept: its tags in the order of their bytes; nil when it is none.
    public subscript(key: PostKey) -> StoredPost? { row(of: key.value).map { post(Int($0)) } }

    func row(of key: Int64) -> Int32? {
        let row = columns.keys.lowerBound(of: key)
        return row < count && columns.keys[row] == key ? Int32(row) : nil
    }

    func post(_ row: Int) -> StoredPost {
        let language = columns.languages[row]
        return StoredPost(
            key: PostKey(columns.keys[row]), author: AuthorKey(columns.authors[row]), localID: columns.localIDs[row],
            createdAt: Instant(microseconds: columns.created[row]), language: language < 0 ? nil : languages[Int32(language)],
            favourites: Int(columns.favourites[row]), reblogs: Int(columns.reblogs[row]), replies: Int(columns.replies[row]),
            tags: columns.tags[columns.tagRange(row)].map { tags[$0] }, ownScore: Double(columns.ownScores[row]),
            publicScore: Double(columns.publicScores[row]), source: sources[Int32(columns.sources[row])])
    }

    /// The author's rows, newest first.
    func rows(of author: Int64) -> ArraySlice<Int32> {
        let place = orders.authors.lowerBound(of: author)
        guard place < orders.authors.count, orders.authors[place] == author else { return [] }
        return orders.byAuthor[Int(orders.authorStarts[place])..<Int(orders.authorStarts[place + 1])]
    }

    /// The tag's rows, newest first.
    func rows(tagged tag: Int32) -> ArraySlice<Int32> {
        orders.tagRows[Int(orders.tagStarts[Int(tag)])..<Int(orders.tagStarts[Int(tag) + 1])]
    }
}

/// One array for each number of a candidate; the rows of all arrays belong together.
struct Columns: Sendable, Equatable {
    var keys: [Int64] = []
    var authors: [Int64] = []
    /// Microseconds since 1970.
    var created: [Int64] = []
    var favourites: [UInt32] = []
    var reblogs: [UInt32] = []
    var replies: [UInt32] = []
    var ownScores: [Float] = []
    var publicScores: [Float] = []
    /// -1 is unknown.
    var languages: [Int16] = []
    var sources: [Int16] = []
    var localIDs = TextBlock()
    /// Where a row's tags end in `tags`; they are ascending.
    var tagEnds: [UInt32] = []
    var tags: [Int32] = []

    func tagRange(_ row: Int) -> Range<Int> { (row == 0 ? 0 : Int(tagEnds[row - 1]))..<Int(tagEnds[row]) }

    var memoryBytes: Int {
        (keys.capacity + authors.capacity + created.capacity) * 8
            + (favourites.capacity + reblogs.capacity + replies.capacity + ownScores.capacity + publicScores.capacity) * 4
            + (languages.capacity + sources.capacity) * 2 + localIDs.memoryBytes + (tagEnds.capacity + tags.capacity) * 4
    }
}

/// The rows in the orders that the sources read them in. Ties stand in the order of the rows.
struct Orders: Sendable, Equatable {
    var newest: [Int32] = []
    /// By author key, each author's newest first: author a's are `byAuthor[authorStarts[a]..<authorStarts[a + 1]]`.
    var byAuthor: [Int32] = []
    /// Every author's key, ascending.
    var authors: [Int64] = []
    var authorStarts: [UInt32] = [0]
    /// Highest first, only those above 0.
    var byOwnScore: [Int32] = []
    var byPublicScore: [Int32] = []
    /// Tag t's rows, newest first: `tagRows[tagStarts[t]..<tagStarts[t + 1]]`.
    var tagStarts: [UInt32] = [0]
    var tagRows: [Int32] = []

    var memoryBytes: Int {
        (newest.capacity + byAuthor.capacity + authorStarts.capacity + byOwnScore.capacity + byPublicScore.capacity) * 4
            + (tagStarts.capacity + tagRows.capacity) * 4 + authors.capacity * 8
    }
}

extension Array {
    /// The first index whose element fulfils `predicate`, where all after it do as well; `count` when none does.
    func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension [Int64] {
    /// The first index of a sorted array whose element is not below `value`.
    func lowerBound(of value: Int64) -> Int { partitioningIndex { $0 >= value } }
}
