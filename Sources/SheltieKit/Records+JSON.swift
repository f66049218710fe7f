public import Fediverse

extension UserInteraction {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("id", id)
            $0.member("alias_id", aliasID)
            $0.member("post_id", postID)
            $0.member("interaction_type", interactionType)
            $0.member("timestamp", timestamp)
            $0.member("score_weight", scoreWeight)
            $0.key("context")
            if let context { $0.raw(context) } else { $0.null() }
        }
    }
}

extension RecommendedPost {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("post") { post.write(to: &$0) }
            $0.member("score", score)
            $0.member("reason", reason)
            $0.member("reason_text", reasonText)
            $0.member("contributions") {
                $0.object { for term in contributions { $0.member(term.name, term.value) } }
            }
            $0.member("model_version", modelVersion)
        }
    }
}

extension [String: ContextValue] {
    /// Strings and whole numbers of one JSON object; members of other kinds are passed over.
    /// - Throws: `JSONError`.
    public init(json text: String) throws(JSONError) {
        let read = Array(text.utf8).withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                var scanner = JSONScanner(bytes)
                let context = try Self.read(&scanner)
                try scanner.finish()
                return context
            }
        }
        self = try read.get()
    }

    private static func read(_ scanner: inout JSONScanner) throws(JSONError) -> [String: ContextValue] {
        var context: [String: ContextValue] = [:]
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            var (text, number) = (scanner, scanner)
            try scanner.skip()
            if let text = try? text.string() {
                context[key.string] = .text(text)
            } else {
                context[key.string] = (try? number.integer()).map(ContextValue.number)
            }
        }
        return context
    }
}
