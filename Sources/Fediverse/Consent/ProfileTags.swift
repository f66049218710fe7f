/// The hashtags by which authors say in their profile what may be done with what they write.
enum ProfileTags {
    /// Each of these is a refusal.
    static let optOut: Set<String> = [
        "nobot", "nobots", "noindex", "nosearch", "noarchive", "nobridge", "noai", "nomining", "norecommend", "nofedirec",
    ]

    /// Whether the display name, the biography or a profile field refuses. Every doubt counts as a refusal: invisible characters
    /// inside the tag or behind it, marks on its letters, a link to the tag under another text.
    static func refuse(_ account: Account) -> Bool {
        func refuse(_ text: String) -> Bool { !ProfileGlance.showsNoTag(text) && refuses(text) }
        return refuse(account.displayName) || refuse(account.note) || account.fields.contains(where: refuse)
    }

    /// The same for one text, by all its forms.
    static func refuses(_ source: String) -> Bool {
        let (text, targets) = HTMLText.revealingTags(source)
        if targets.contains(where: isOptOutTarget) { return true }
        for form in [source, text] {
            if holdsOptOut(Folding.skeleton(form)) { return true }
            if form.unicodeScalars.contains(where: Folding.isInvisible), holdsOptOut(Folding.skeleton(form, invisible: " ")) { return true }
        }
        return false
    }

    /// Whether the author asks to be recommended. Here the doubt counts against: the tag must stand as a word of its own.
    static func invite(_ account: Account) -> Bool {
        for source in [account.displayName, account.note] + account.fields {
            let scalars = Folding.folded(HTMLText.plain(source)).unicodeScalars
            var before: Unicode.Scalar?
            for index in scalars.indices {
                defer { before = scalars[index] }
                guard scalars[index] == "#", !(before.map(Folding.isWord) ?? false), before != "#" else { continue }
                let tag = scalars[scalars.index(after: index)...].prefix(while: Folding.isWord)
                if tag.elementsEqual(ConsentPolicy.optInTag.unicodeScalars) { return true }
            }
        }
        return false
    }

    /// The longest run of ASCII word characters behind a `#` is one of the tags. A letter of another script ends the run:
    /// in Japanese or Thai the next word follows without a blank.
    private static func holdsOptOut(_ skeleton: String) -> Bool {
        var rest = Substring(skeleton).utf8
        while let sign = rest.firstIndex(of: UInt8(ascii: "#")) {
            rest = rest[rest.index(after: sign)...]
            if optOut.contains(String(Substring(rest.prefix(while: isASCIIWord)))) { return true }
        }
        return false
    }

    /// `/tags/nobot`, `/tag/nobot/`, `?t=nobot`, `search?q=%23nobot`.
    private static func isOptOutTarget(_ target: String) -> Bool {
        let parts = Folding.skeleton(QueryString.decoded(target)).utf8.split(whereSeparator: { !isASCIIWord($0) }).map { String(Substring($0)) }
        return zip(parts, parts.dropFirst()).contains { ["tag", "tags", "hashtag", "hashtags", "t", "q"].contains($0) && optOut.contains($1) }
    }

    private static func isASCIIWord(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_")
    }
}
