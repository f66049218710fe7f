/// Posts and biographies as Mastodon shows them.
extension DemoWorld {
    func html(_ text: String) -> String {
        if text.isEmpty { return "" }
        let linked = TextParts(text).parts.map { part in
            switch part {
            case .text(let text): return escaped(text)
            case .tag(let name):
                let address = "https://\(domain)/tags/\(name.lowercased())"
                return #"<a href="\#(address)" class="mention hashtag" rel="tag">#<span>\#(escaped(name))</span></a>"#
            case .mention(let name):
                guard let index = find(acct: name) else { return "@" + escaped(name) }
                let person = people[Int(index)]
                return #"<span class="h-card" translate="no"><a href="\#(url(of: person))" class="u-url mention">@<span>"#
                    + person.username + "</span></a></span>"
            }
        }.joined()
        return "<p>" + linked.split(separator: "\n\n").map { $0.replacing("\n", with: "<br />") }.joined(separator: "</p><p>") + "</p>"
    }

    func url(of person: Person) -> String { "https://\(person.domain ?? domain)/@\(person.username)" }
    func uri(of person: Person) -> String { "https://\(person.domain ?? domain)/users/\(person.username)" }
    func url(of post: Post) -> String { url(of: people[Int(post.author)]) + "/\(post.id)" }

    func uri(of post: Post) -> String {
        uri(of: people[Int(post.author)]) + "/statuses/\(post.id)" + (post.reblogOf != 0 ? "/activity" : "")
    }
}

/// Text without a meaning in HTML.
func escaped(_ text: some StringProtocol) -> String {
    var out = ""
    for character in text {
        switch character {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&quot;"
        default: out.append(character)
        }
    }
    return out
}
