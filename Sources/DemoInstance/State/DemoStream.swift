import Fediverse

/// What one can listen to, by Mastodon's names.
struct DemoStream: Sendable, Hashable {
    enum Kind: String, Sendable {
        case user
        case notifications = "user:notification"
        case everything = "public"
        case local = "public:local"
        case remote = "public:remote"
        case tag = "hashtag"
        case localTag = "hashtag:local"
        case list
        case direct
    }

    let kind: Kind
    /// A tag in lower case, or a list's id; empty for the others.
    let subject: String

    /// - Returns: nil for a stream that there is not.
    init?(_ name: String, tag: String?, list: String?) {
        guard let kind = Kind(rawValue: name) else { return nil }
        self.kind = kind
        switch kind {
        case .tag, .localTag: subject = tag?.lowercased() ?? ""
        case .list: subject = list ?? ""
        default: subject = ""
        }
        if [.tag, .localTag, .list].contains(kind), subject.isEmpty { return nil }
    }

    /// As it stands in a message over a WebSocket.
    var name: [String] { subject.isEmpty ? [kind.rawValue] : [kind.rawValue, subject] }
}

/// Something that listeners are told.
enum DemoNews: Sendable {
    case posted(Int64)
    case edited(Int64)
    case deleted(Post)
    case notified(Int32, WorldEvent)
}

extension DemoState {
    /// Whether news of this post belongs to the stream; a post that is deleted belongs where it did before.
    func belongs(_ post: Post, to stream: DemoStream, of viewer: Int32) -> Bool {
        switch stream.kind {
        case .user: isHome(viewer)(post)
        case .notifications: false
        case .everything: isPublic(post, for: viewer)
        case .local: isPublic(post, for: viewer) && world.people[Int(post.author)].isLocal
        case .remote: isPublic(post, for: viewer) && !world.people[Int(post.author)].isLocal
        case .tag: isPublic(post, for: viewer) && world.tags(of: post).contains(stream.subject)
        case .localTag:
            isPublic(post, for: viewer) && world.people[Int(post.author)].isLocal && world.tags(of: post).contains(stream.subject)
        case .list:
            self[of: viewer].lists.contains { String($0.id) == stream.subject && $0.members.contains(post.author) } && isShown(post, viewer)
        case .direct: post.visibility == .direct && canSee(post, viewer)
        }
    }

    /// The event's name and payload for somebody who listens; nil when the stream does not have it.
    func told(_ news: DemoNews, on stream: DemoStream, of viewer: Int32, _ base: String) -> (name: String, payload: JSON)? {
        switch news {
        case .posted(let id), .edited(let id):
            guard let post = world.post(id), belongs(post, to: stream, of: viewer) else { return nil }
            let name = if case .posted = news { "update" } else { "status.update" }
            return (name, json(status: post, for: viewer, base))
        case .deleted(var post):
            post.isDeleted = false
            return belongs(post, to: stream, of: viewer) ? ("delete", .string(String(post.id))) : nil
        case .notified(let account, let event):
            guard account == viewer, stream.kind == .user || stream.kind == .notifications else { return nil }
            return ("notification", json(event: event, of: viewer, base))
        }
    }
}
