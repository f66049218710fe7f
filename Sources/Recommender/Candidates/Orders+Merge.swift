extension Orders {
    /// The orders of the new rows: the old ones renumbered, which keeps them sorted, the fresh rows sorted and merged in.
    ///
    /// - Parameters:
    ///   - newRows: each old row's new number, ascending, -1 when it is gone.
    ///   - fresh: the rows that no old row became.
    func merged(into columns: Columns, newRows: [Int32], fresh: [Int32], tagCount: Int) -> Orders {
        let (created, authors, own, growth) = (columns.created, columns.authors, columns.ownScores, columns.publicScores)
        var orders = Orders()
        orders.newest = merge(newest, fresh) { a, b in
            created[a] != created[b] ? created[a] > created[b] : a < b
        }
        orders.byAuthor = merge(byAuthor, fresh) { a, b in
            authors[a] != authors[b] ? authors[a] < authors[b] : created[a] != created[b] ? created[a] > created[b] : a < b
        }
        orders.byOwnScore = merge(byOwnScore, fresh.filter { own[Int($0)] > 0 }) { a, b in own[a] != own[b] ? own[a] > own[b] : a < b }
        orders.byPublicScore = merge(byPublicScore, fresh.filter { growth[Int($0)] > 0 }) { a, b in
            growth[a] != growth[b] ? growth[a] > growth[b] : a < b
        }
        orders.indexAuthors(of: columns)
        orders.indexTags(of: columns, count: tagCount)
        return orders

        func merge(_ old: [Int32], _ additional: [Int32], by precedes: (Int, Int) -> Bool) -> [Int32] {
            let sorted = additional.sorted { precedes(Int($0), Int($1)) }
            var result: [Int32] = []
            result.reserveCapacity(old.count + sorted.count)
            var next = 0
            for row in old {
                let row = newRows[Int(row)]
                if row < 0 { continue }
                while next < sorted.count, precedes(Int(sorted[next]), Int(row)) {
                    result.append(sorted[next])
                    next += 1
                }
                result.append(row)
            }
            result.append(contentsOf: sorted[next...])
            return result
        }
    }

    private mutating func indexAuthors(of columns: Columns) {
        authorStarts.removeAll()
        for (place, row) in byAuthor.enumerated() where authors.last != columns.authors[Int(row)] {
            authors.append(columns.authors[Int(row)])
            authorStarts.append(UInt32(place))
        }
        authorStarts.append(UInt32(byAuthor.count))
    }

    /// Deals the rows out to their tags in the order of `newest`: a counting sort.
    private mutating func indexTags(of columns: Columns, count: Int) {
        var next = [UInt32](repeating: 0, count: count + 1)
        for tag in columns.tags { next[Int(tag) + 1] += 1 }
        for tag in 0..<count { next[tag + 1] += next[tag] }
        tagStarts = next
        tagRows = Array(repeating: 0, count: columns.tags.count)
        for row in newest {
            for tag in columns.tags[columns.tagRange(Int(row))] {
                tagRows[Int(next[Int(tag)])] = row
                next[Int(tag)] += 1
            }
        }
    }
}
