import Fediverse
import Recommender

/// What `x_recommendation` tells: clients ignore it, our own and curious people read it.
struct RecommendationNote: Sendable, Equatable {
    /// The reason's code.
    var code: String
    /// The reason's sentence in the viewer's language.
    var text: String
    /// The policy that made the slate.
    var policy: String
    /// The page that tells more.
    var why: String

    func json() -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object {
            $0.member("code", code)
            $0.member("text", text)
            $0.member("policy", policy)
            $0.member("why", why)
        }
        return json.bytes
    }
}

/// One recommendation as an entry of a timeline.
struct Wrapper: Sendable {
    /// The entry's position id and time, from the plan.
    var shownAs: String
    var createdAt: String
    /// The status's id at the viewer's instance.
    var innerID: String
    var account: VirtualAccount
    /// The policy that made the slate.
    var policy: String

    var note: RecommendationNote {
        RecommendationNote(
            code: account.reason.code.rawValue, text: ReasonCatalogue.sentence(account.reason, in: account.language),
            policy: policy, why: account.links.why(shownAs))
    }

    /// The entry's bytes.
    /// - Parameter inner: the status as the viewer's instance sent it, which stands inside unchanged.
    /// - Returns: nil where `inner` is not a status that can be passed on, and with label `off`.
    func bytes(around inner: [UInt8], label: RecommendationLabel) -> [UInt8]? {
        guard label != .off, let members = StatusMembers(inner), !members.isReblog else { return nil }
        return label == .json ? extended(inner, members) : wrapped(inner, members, collapsed: label == .filtered)
    }

    /// The status itself with one more member, the last.
    private func extended(_ inner: [UInt8], _ members: StatusMembers) -> [UInt8] {
        let told = note.json()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(members.whole.count + told.count + 24)
        bytes.append(contentsOf: inner[members.whole.dropLast()])
        bytes.append(contentsOf: (members.isEmpty ? "\"x_recommendation\":" : ",\"x_recommendation\":").utf8)
        bytes.append(contentsOf: told)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Every member of a reblog as Mastodon 4.6 sends it: strict clients drop an entry, or the page, for a missing one.
    private func wrapped(_ inner: [UInt8], _ members: StatusMembers, collapsed: Bool) -> [UInt8] {
        func copied(_ range: Range<Int>?, else fallback: String) -> [UInt8] { range.map { Array(inner[$0]) } ?? Array(fallback.utf8) }
        let uri = account.links.wrapper(shownAs, of: innerID, by: account.short)
        var json = JSONWriter(capacity: members.whole.count + 4_096)
        json.object {
            $0.member("id", shownAs)
            $0.member("created_at", createdAt)
            $0.member("in_reply_to_id", nil)
            $0.member("in_reply_to_account_id", nil)
            $0.member("sensitive") { $0.raw(copied(members.sensitive, else: "false")) }
            $0.member("spoiler_text", "")
            $0.member("visibility") { $0.raw(copied(members.visibility, else: "\"public\"")) }
            $0.member("language") { $0.raw(copied(members.language, else: "null")) }
            $0.member("uri", uri)
            if let url = members.url { $0.member("url") { $0.raw(inner[url]) } } else { $0.member("url", uri) }
            for name in ["replies_count", "reblogs_count", "favourites_count", "quotes_count"] { $0.member(name, 0) }
            $0.member("edited_at", nil)
            // `reblogged` true would be shown as "you boosted" by Mastodon for iOS.
            for name in ["favourited", "reblogged", "muted", "bookmarked"] { $0.member(name, false) }
            $0.member("content", "")
            $0.member("filtered") { filterResults(copied(members.filtered, else: ""), collapsed: collapsed, in: &$0) }
            $0.member("reblog") { $0.raw(inner[members.whole]) }
            $0.member("application", nil)
            $0.member("account") { $0.raw(account.json()) }
            for name in ["media_attachments", "mentions", "tags", "emojis", "tagged_collections"] { $0.member(name) { $0.array { _ in } } }
            for name in ["quote", "card", "poll"] { $0.member(name, nil) }
            $0.member("quote_approval") { $0.raw(#"{"automatic":[],"manual":[],"current_user":"denied"}"#) }
            $0.member("x_recommendation") { $0.raw(note.json()) }
        }
        return json.bytes
    }

    /// The inner status's filter results, since Android and Elk look at the outer ones; before them ours if it is to be collapsed.
    private func filterResults(_ inner: [UInt8], collapsed: Bool, in json: inout JSONWriter) {
        json.array {
            if collapsed {
                $0.object {
                    $0.member("filter") {
                        $0.object {
                            $0.member("id", account.id)
                            $0.member("title", account.displayName)
                            $0.member("context") { $0.array { $0.string("home") } }
                            $0.member("expires_at", nil)
                            $0.member("filter_action", "warn")
                            $0.member("keywords") { $0.array { _ in } }
                            $0.member("statuses") { $0.array { _ in } }
                        }
                    }
                    $0.member("keyword_matches") { $0.array { _ in } }
                    $0.member("status_matches") { $0.array { $0.string(shownAs) } }
                }
            }
            if !inner.isEmpty { $0.raw(inner) }
        }
    }
}
