/// What a reader sees of a post's HTML, as plain text for search, features and consent.
public enum HTMLText {
    /// Text with a newline for each line and paragraph; runs of space are one, of newlines at most two.
    ///
    /// The result never holds `<`, so it cannot become markup by mistake: one that the author typed becomes `‹`.
    public static func plain(_ html: String) -> String {
        var builder = Builder(capacity: html.utf8.count)
        for token in HTMLTokenizer(html) {
            switch token {
            case .text(let text): builder.append(HTMLEntity.decoded(text))
            case .tag("br", _, _): builder.newline()
            case .tag(let name, _, _) where blocks.contains(name): builder.endLine()
            case .tag: break
            }
        }
        return builder.text
    }

    /// As `plain`, with every sign of a hashtag made visible: `#` before the text of a link that is a tag by its class or
    /// relation, and each link's target behind it.
    static func revealingTags(_ html: String) -> (text: String, targets: [String]) {
        var builder = Builder(capacity: html.utf8.count)
        var targets: [String] = []
        for token in HTMLTokenizer(html) {
            switch token {
            case .text(let text): builder.append(HTMLEntity.decoded(text))
            case .tag("br", _, _): builder.newline()
            case .tag("a", false, let attributes):
                if let target = HTMLTokenizer.attribute("href", in: attributes) { targets.append(target) }
                let marks = [HTMLTokenizer.attribute("rel", in: attributes), HTMLTokenizer.attribute("class", in: attributes)]
                let words = marks.compactMap { $0?.lowercased().split(separator: " ") }.joined()
                if words.contains("tag") || words.contains("hashtag") { builder.append([UInt8(ascii: "#")]) }
            case .tag(let name, _, _) where blocks.contains(name): builder.endLine()
            case .tag: break
            }
        }
        return (builder.text, targets)
    }

    private static let blocks: Set<String> = [
        "p", "div", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table", "tr",
        "section", "article", "header", "footer", "figure", "figcaption", "details", "summary",
    ]

    /// Text whose space and lines are put in order while it grows.
    private struct Builder {
        private var bytes: [UInt8] = []
        private var pendingSpace = false
        private var pendingNewlines = 0

        init(capacity: Int) { bytes.reserveCapacity(capacity) }

        var text: String { String(decoding: bytes, as: UTF8.self) }

        /// - Parameter part: UTF-8; every byte that matters here is ASCII.
        mutating func append(_ part: ArraySlice<UInt8>) {
            part.withUnsafeBufferPointer { part in
                var index = 0
                while index < part.count {
                    if isSpace(part[index]) {
                        pendingSpace = true
                        index += 1
                        continue
                    }
                    separate()
                    let start = index
                    while index < part.count, !isSpace(part[index]), part[index] != UInt8(ascii: "<") { index += 1 }
                    bytes.append(contentsOf: part[start..<index])
                    if index < part.count, part[index] == UInt8(ascii: "<") {
                        bytes.append(contentsOf: "‹".utf8)
                        index += 1
                    }
                }
            }
        }

        mutating func newline() { pendingNewlines += 1 }
        mutating func endLine() { pendingNewlines = max(1, pendingNewlines) }

        private mutating func separate() {
            if !bytes.isEmpty {
                if pendingNewlines > 0 {
                    bytes.append(contentsOf: repeatElement(UInt8(ascii: "\n"), count: min(2, pendingNewlines)))
                } else if pendingSpace {
                    bytes.append(UInt8(ascii: " "))
                }
            }
            (pendingNewlines, pendingSpace) = (0, false)
        }

        private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }
    }
}
