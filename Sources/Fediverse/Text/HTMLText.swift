/// What a reader sees of a post's HTML, as plain text for search, features and consent.
public enum HTMLText {
    /// Text with a newline for each line and paragraph; runs of space are one, of newlines at most two.
    ///
    /// The result never holds `<`, so it cannot become markup by mistake: one that the author typed becomes `‹`.
    public static func plain(_ html: String) -> String {
        var builder = Builder()
        for token in HTMLTokenizer(html) {
            switch token {
            case .text(let text): builder.append(text)
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
        var builder = Builder()
        var targets: [String] = []
        for token in HTMLTokenizer(html) {
            switch token {
            case .text(let text): builder.append(text)
            case .tag("br", _, _): builder.newline()
            case .tag("a", false, let attributes):
                if let target = HTMLTokenizer.attribute("href", in: attributes) { targets.append(target) }
                let marks = [HTMLTokenizer.attribute("rel", in: attributes), HTMLTokenizer.attribute("class", in: attributes)]
                let words = marks.compactMap { $0?.lowercased().split(separator: " ") }.joined()
                if words.contains("tag") || words.contains("hashtag") { builder.append("#") }
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
        private(set) var text = ""
        private var pendingSpace = false
        private var pendingNewlines = 0

        mutating func append(_ part: String) {
            for scalar in part.unicodeScalars {
                if scalar == " " || (scalar.value >= 9 && scalar.value <= 13) {
                    pendingSpace = true
                    continue
                }
                if !text.isEmpty {
                    if pendingNewlines > 0 {
                        text += pendingNewlines == 1 ? "\n" : "\n\n"
                    } else if pendingSpace {
                        text += " "
                    }
                }
                (pendingNewlines, pendingSpace) = (0, false)
                text.unicodeScalars.append(scalar == "<" ? "‹" : scalar)
            }
        }

        mutating func newline() { pendingNewlines += 1 }
        mutating func endLine() { pendingNewlines = max(1, pendingNewlines) }
    }
}
