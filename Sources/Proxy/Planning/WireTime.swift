import Fediverse

/// Times as servers write them, moved by milliseconds without changing their form.
enum WireTime {
    /// What an entry between two others shows: `steps` milliseconds before `above`, but not before `below`.
    ///
    /// - Returns: `above` itself where it is not written as Mastodon writes it (milliseconds and Z), so that the form stays one,
    ///   and where time does not fall between the two.
    static func between(_ above: String, _ below: String, steps: Int64) -> String {
        guard let upper = Instant(iso8601: above), upper.iso8601 == above else { return above }
        guard let lower = Instant(iso8601: below), lower < upper else { return above }
        let moved = upper - .milliseconds(steps)
        if moved > lower { return moved.iso8601 }
        return lower.iso8601 == below ? below : above
    }
}
