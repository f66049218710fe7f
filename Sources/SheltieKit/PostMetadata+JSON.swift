public import Fediverse

extension PostMetadata {
    /// The documented members from one JSON object; others are passed over, the last of two of one name counts.
    /// - Throws: `JSONError`: for broken JSON, or a member of another kind than documented.
    public init(from scanner: inout JSONScanner) throws(JSONError) {
        self.init(postID: "", authorID: "")
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "post_id": postID = try Self.identifier(&scanner)
            case "author_id": authorID = try Self.identifier(&scanner)
            case "author_name": authorName = try scanner.stringOrNull()
            case "content": content = try scanner.stringOrNull()
            case "language": language = try scanner.stringOrNull()
            case "created_at": createdAt = try scanner.stringOrNull()
            case "favorites": favorites = try Self.count(&scanner)
            case "boosts": boosts = try Self.count(&scanner)
            case "replies": replies = try Self.count(&scanner)
            case "sensitive": sensitive = try scanner.boolOrNull() ?? false
            case "tags": tags = try Self.strings(&scanner)
            default: try scanner.skip()
            }
        }
    }

    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("post_id", postID)
            $0.member("author_id", authorID)
            $0.member("author_name", authorName)
            $0.member("content", content)
            $0.member("language", language)
            $0.member("created_at", createdAt)
            $0.member("favorites", favorites)
            $0.member("boosts", boosts)
            $0.member("replies", replies)
            $0.member("sensitive", sensitive)
            $0.member("tags") { $0.array { for tag in tags { $0.string(tag) } } }
        }
    }

    /// An id, which some programs write as a number; null is none.
    private static func identifier(_ scanner: inout JSONScanner) throws(JSONError) -> String {
        if try scanner.takeNull() { return "" }
        var number = scanner
        do throws(JSONError) {
            return try scanner.string()
        } catch {
            let value = try number.integer()
            scanner = number
            return String(value)
        }
    }

    private static func count(_ scanner: inout JSONScanner) throws(JSONError) -> Int {
        try scanner.takeNull() ? 0 : try scanner.integer()
    }

    private static func strings(_ scanner: inout JSONScanner) throws(JSONError) -> [String] {
        if try scanner.takeNull() { return [] }
        var strings: [String] = []
        var array = try scanner.enterArray()
        while try scanner.nextElement(&array) { strings.append(try scanner.string()) }
        return strings
    }
}
