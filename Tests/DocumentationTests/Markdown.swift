/// A page as far as these tests look at it.
struct Markdown {
    struct Section {
        var level: Int
        var title: String
        /// Up to the next heading of any level.
        var lines: [String] = []

        /// The cells of every table row but the header's and the rule's.
        var rows: [[String]] {
            let table = lines.filter { $0.hasPrefix("|") }.map { line in
                line.dropFirst().split(separator: "|", omittingEmptySubsequences: false).dropLast().map { cell in
                    String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
                }
            }
            let rules = table.indices.filter { table[$0].allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 == "-" } } }
            return table.indices.filter { !rules.contains($0) && !rules.contains($0 + 1) }.map { table[$0] }
        }
    }

    /// The first has no title: what stands before any heading.
    private(set) var sections = [Section(level: 0, title: "")]
    /// Lines inside fences, and indented by four.
    private(set) var code: [String] = []
    /// Lines outside of them.
    private(set) var prose: [String] = []
    /// The text of each fence that names the language.
    private(set) var fences: [(language: String, text: String)] = []

    init(_ text: String) {
        var fence: (language: String, lines: [String])?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                if let open = fence { fences.append((open.language, open.lines.joined(separator: "\n") + "\n")) }
                fence = fence == nil ? (String(line.dropFirst(3)), []) : nil
                continue
            }
            if fence != nil {
                fence?.lines.append(line)
                code.append(line)
            } else if line.hasPrefix("    ") {
                code.append(line)
            } else {
                let marks = line.prefix { $0 == "#" }.count
                if marks > 0, line.dropFirst(marks).first == " " {
                    sections.append(Section(level: marks, title: String(line.dropFirst(marks + 1))))
                    continue
                }
                prose.append(line)
            }
            sections[sections.count - 1].lines.append(line)
        }
    }

    func section(_ title: String) -> Section? { sections.first { $0.title == title } }

    /// Text between single backticks.
    var inlineCode: [String] {
        prose.flatMap { line in
            line.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
    }

    /// Text and target of each link.
    var links: [(text: String, target: String)] {
        prose.joined(separator: "\n").matches(of: #/\[([^\]]*)\]\(([^)\s]+)\)/#).map { (String($0.1), String($0.2)) }
    }

    /// What stands behind the # in a link to a heading.
    var anchors: Set<String> {
        Set(sections.map { section in
            String(section.title.lowercased().compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : nil })
        })
    }
}

extension String {
    /// The text without the backticks around it; nil where there are none.
    var unquoted: String? { count > 2 && hasPrefix("`") && hasSuffix("`") ? String(dropFirst().dropLast()) : nil }
}
