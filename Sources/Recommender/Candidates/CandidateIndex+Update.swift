import Fediverse
import Privacy

extension CandidateIndex {
    /// The index with the changes made: what has not changed is copied in runs, the new rows are sorted and merged in.
    ///
    /// A post named twice counts as it was named last; one both changed and removed is removed, as consent is withdrawn faster
    /// than given. This index stays as it is.
    public func updated(by changes: SnapshotChanges) -> CandidateIndex {
        // The whole set was read: what this index holds besides is gone.
        if changes.complete { return CandidateIndex(SnapshotChanges(version: changes.version, changed: changes.changed, removed: [])) }
        let removed = Set(changes.removed.map(\.value))
        var latest: [Int64: Int] = [:]
        latest.reserveCapacity(changes.changed.count)
        for (position, post) in changes.changed.enumerated() where !removed.contains(post.key.value) {
            latest[post.key.value] = position
        }
        let posts = latest.values.map { changes.changed[$0] }.sorted { $0.key < $1.key }
        guard !posts.isEmpty || removed.contains(where: { row(of: $0) != nil }) else {
            return CandidateIndex(
                version: changes.version, columns: columns, orders: orders, tags: tags, languages: languages, sources: sources)
        }

        let gone = Set(removed.union(latest.keys).compactMap { row(of: $0) })
        let newTags = mergedTable(tags, used: usedTags(without: gone), adding: posts.flatMap(\.tags))
        let newLanguages = mergedTable(
            languages, used: used(columns.languages, of: languages.count, without: gone),
            adding: posts.compactMap { $0.language.map(normalizedLanguage) })
        let newSources = mergedTable(
            sources, used: used(columns.sources, of: sources.count, without: gone), adding: posts.map(\.source))

        var merge = RowMerge(old: columns, additional: posts, tags: newTags, languages: newLanguages, sources: newSources)
        merge.run(gone: gone.sorted())
        return CandidateIndex(
            version: changes.version, columns: merge.columns,
            orders: orders.merged(into: merge.columns, newRows: merge.newRows, fresh: merge.fresh, tagCount: newTags.table.count),
            tags: newTags.table, languages: newLanguages.table, sources: newSources.table)
    }

    private func usedTags(without gone: Set<Int32>) -> [Bool] {
        var counts = (0..<tags.count).map { orders.tagStarts[$0 + 1] - orders.tagStarts[$0] }
        for row in gone { for tag in columns.tags[columns.tagRange(Int(row))] { counts[Int(tag)] -= 1 } }
        return counts.map { $0 > 0 }
    }

    private func used(_ column: [Int16], of count: Int, without gone: Set<Int32>) -> [Bool] {
        var counts = [Int32](repeating: 0, count: count)
        for id in column where id >= 0 { counts[Int(id)] += 1 }
        for row in gone where column[Int(row)] >= 0 { counts[Int(column[Int(row)])] -= 1 }
        return counts.map { $0 > 0 }
    }
}

/// Language codes are compared without regard to case (RFC 5646, 2.1.1).
func normalizedLanguage(_ code: String) -> String { code.lowercased() }

/// A table without the texts that nobody uses any more, with new ones, and where each old id went (-1: nowhere).
struct MergedTable {
    var table: TextTable
    var oldIDs: [Int32]
    /// Whether the old ids are still right.
    var unchanged: Bool
}

private func mergedTable(_ old: TextTable, used: [Bool], adding texts: [String]) -> MergedTable {
    if used.allSatisfy({ $0 }), texts.allSatisfy({ old.id(of: $0) != nil }) {
        return MergedTable(table: old, oldIDs: [], unchanged: true)
    }
    var union = TextTable()
    var provisional = [Int32](repeating: -1, count: old.count)
    for id in 0..<old.count where used[id] { provisional[id] = union.insert(old[Int32(id)]) }
    for text in texts { _ = union.insert(text) }
    let (table, ids) = union.sorted()
    return MergedTable(table: table, oldIDs: provisional.map { $0 < 0 ? -1 : ids[Int($0)] }, unchanged: false)
}

/// Old rows and new posts, both ascending by key, made into one set of columns.
private struct RowMerge {
    let old: Columns
    let additional: [StoredPost]
    let tags: MergedTable
    let languages: MergedTable
    let sources: MergedTable
    var columns = Columns()
    /// Each old row's new number, -1 when it is gone.
    var newRows: [Int32] = []
    /// The rows of the new posts.
    var fresh: [Int32] = []

    init(old: Columns, additional: [StoredPost], tags: MergedTable, languages: MergedTable, sources: MergedTable) {
        self.old = old
        self.additional = additional
        self.tags = tags
        self.languages = languages
        self.sources = sources
    }

    mutating func run(gone: [Int32]) {
        reserve()
        var row = 0
        var next = 0
        for post in additional {
            let place = old.keys.lowerBound(of: post.key.value)
            copy(row..<place, skipping: gone, from: &next)
            row = place
            append(post)
        }
        copy(row..<old.keys.count, skipping: gone, from: &next)
    }

    private mutating func reserve() {
        let count = old.keys.count + additional.count
        newRows.reserveCapacity(old.keys.count)
        columns.keys.reserveCapacity(count)
        columns.authors.reserveCapacity(count)
        columns.created.reserveCapacity(count)
        columns.favourites.reserveCapacity(count)
        columns.reblogs.reserveCapacity(count)
        columns.replies.reserveCapacity(count)
        columns.ownScores.reserveCapacity(count)
        columns.publicScores.reserveCapacity(count)
        columns.languages.reserveCapacity(count)
        columns.sources.reserveCapacity(count)
        columns.tagEnds.reserveCapacity(count)
        columns.tags.reserveCapacity(old.tags.count + additional.reduce(0) { $0 + $1.tags.count })
        columns.localIDs.reserve(
            texts: count, bytes: old.localIDs.bytes.count + additional.reduce(0) { $0 + $1.localID.utf8.count })
    }

    /// Copies the rows of `range` but those that are gone, which `next` walks through.
    private mutating func copy(_ range: Range<Int>, skipping gone: [Int32], from next: inout Int) {
        var start = range.lowerBound
        while next < gone.count, Int(gone[next]) < range.upperBound {
            append(start..<Int(gone[next]))
            newRows.append(-1)
            start = Int(gone[next]) + 1
            next += 1
        }
        append(start..<max(start, range.upperBound))
    }

    private mutating func append(_ run: Range<Int>) {
        guard !run.isEmpty else { return }
        let first = columns.keys.count
        for offset in 0..<run.count { newRows.append(Int32(first + offset)) }
        columns.keys.append(contentsOf: old.keys[run])
        columns.authors.append(contentsOf: old.authors[run])
        columns.created.append(contentsOf: old.created[run])
        columns.favourites.append(contentsOf: old.favourites[run])
        columns.reblogs.append(contentsOf: old.reblogs[run])
        columns.replies.append(contentsOf: old.replies[run])
        columns.ownScores.append(contentsOf: old.ownScores[run])
        columns.publicScores.append(contentsOf: old.publicScores[run])
        columns.localIDs.append(run, of: old.localIDs)
        append(old.languages[run], through: languages, to: \.languages)
        append(old.sources[run], through: sources, to: \.sources)
        let tagStart = old.tagRange(run.lowerBound).lowerBound
        let shift = columns.tags.count - tagStart
        let slice = old.tags[tagStart..<Int(old.tagEnds[run.upperBound - 1])]
        if tags.unchanged {
            columns.tags.append(contentsOf: slice)
        } else {
            // Both tables are sorted, so a row's ids stay ascending.
            for tag in slice { columns.tags.append(tags.oldIDs[Int(tag)]) }
        }
        for end in old.tagEnds[run] { columns.tagEnds.append(UInt32(Int(end) + shift)) }
    }

    private mutating func append(_ ids: ArraySlice<Int16>, through table: MergedTable, to column: WritableKeyPath<Columns, [Int16]>) {
        if table.unchanged {
            columns[keyPath: column].append(contentsOf: ids)
        } else {
            columns[keyPath: column].append(contentsOf: ids.map { $0 < 0 ? -1 : Int16(table.oldIDs[Int($0)]) })
        }
    }

    private mutating func append(_ post: StoredPost) {
        fresh.append(Int32(columns.keys.count))
        columns.keys.append(post.key.value)
        columns.authors.append(post.author.value)
        columns.created.append(post.createdAt.microseconds)
        columns.favourites.append(UInt32(clamping: post.favourites))
        columns.reblogs.append(UInt32(clamping: post.reblogs))
        columns.replies.append(UInt32(clamping: post.replies))
        columns.ownScores.append(Float(post.ownScore))
        columns.publicScores.append(Float(post.publicScore))
        columns.languages.append(post.language.flatMap { languages.table.id(of: normalizedLanguage($0)) }.map { Int16($0) } ?? -1)
        columns.sources.append(sources.table.id(of: post.source).map { Int16($0) } ?? -1)
        columns.localIDs.append(post.localID)
        let start = columns.tags.count
        for tag in Set(post.tags.compactMap { tags.table.id(of: $0) }).sorted() { columns.tags.append(tag) }
        columns.tagEnds.append(UInt32(columns.tags.count))
        assert(columns.tags.count - start <= post.tags.count)
    }
}
