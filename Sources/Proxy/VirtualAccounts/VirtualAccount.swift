import Fediverse
import Recommender

/// The account that passes a recommendation on: one for each reason text, so that no client shows one reason's name on another's
/// wrappers. It names nobody to others, and the same reason has the same account after a restart.
struct VirtualAccount: Sendable, Equatable {
    /// `sheltie` and 20 characters of base 32.
    let id: String
    let reason: Reason
    let language: ReasonLanguage
    let links: OwnLinks

    static let idPrefix = "sheltie"
    static let handlePrefix = "sheltie-"
    /// Characters of base 32 in an id: 100 bits.
    static let sealLength = 20
    /// How many of them stand in the handle.
    static let shortLength = 10

    /// - Parameter id: from `Pseudonymizer`: the same for the same reason, argument and language.
    init(id: String, reason: Reason, language: ReasonLanguage, links: OwnLinks) {
        self.id = id
        self.reason = reason
        self.language = language
        self.links = links
    }

    /// The id's part that stands in the handle and in addresses.
    var short: String { String(id.dropFirst(Self.idPrefix.count).prefix(Self.shortLength)) }
    var username: String { Self.handlePrefix + short }
    /// Has our own host, so it cannot be a local account's.
    var acct: String { username + "@" + links.authority }
    var url: String { links.reason(short) }
    var displayName: String { ReasonCatalogue.name(reason, in: language) }

    /// The reason in a sentence and a link, as HTML.
    var note: String {
        "<p>" + Self.escapedHTML(ReasonCatalogue.sentence(reason, in: language)) + "</p><p><a href=\"" + Self.escapedHTML(url)
            + "\" rel=\"nofollow noopener\">" + Self.escapedHTML(ReasonCatalogue.whyLink(in: language)) + "</a></p>"
    }

    /// An Account with every member that Mastodon 4.6 sends, so that strict clients take it.
    func json() -> [UInt8] {
        var json = JSONWriter(capacity: 1_536)
        json.object {
            $0.member("id", id)
            $0.member("username", username)
            $0.member("acct", acct)
            $0.member("display_name", displayName)
            $0.member("locked", false)
            $0.member("bot", true)
            $0.member("discoverable", false)
            $0.member("indexable", false)
            // Phanpy moves the reblogs of a page aside when they are many; those by groups it does not count.
            $0.member("group", true)
            $0.member("created_at", "2026-01-01T00:00:00.000Z")
            $0.member("note", note)
            $0.member("url", url)
            $0.member("uri", url)
            $0.member("avatar", links.avatar)
            $0.member("avatar_static", links.avatar)
            $0.member("avatar_description", "")
            $0.member("header", links.header)
            $0.member("header_static", links.header)
            $0.member("header_description", "")
            $0.member("followers_count", 0)
            $0.member("following_count", 0)
            $0.member("statuses_count", 0)
            $0.member("last_status_at", nil)
            $0.member("hide_collections", true)
            $0.member("show_media", true)
            $0.member("show_media_replies", true)
            $0.member("show_featured", false)
            $0.member("noindex", true)
            $0.member("feature_approval") { $0.raw(#"{"automatic":[],"manual":[],"current_user":"denied"}"#) }
            for name in ["emojis", "roles", "fields"] { $0.member(name) { $0.array { _ in } } }
        }
        return json.bytes
    }

    static func escapedHTML(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x26, 0x3C, 0x3E, 0x22, 0x27].contains($0) }) else { return text }
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
