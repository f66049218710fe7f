import Fediverse
import HTTPService

extension Routes {
    mutating func addTimelines() {
        get("/api/v1/timelines/home", .person("read:statuses")) { state, call in
            let isHome = state.isHome(try call.viewer)
            return state.answer(Page(call).cut(state.world, where: isHome), call)
        }
        get("/api/v1/timelines/public") { state, call in
            state.answer(Page(call).cut(state.world) { state.isPublic($0, call) }, call)
        }
        get("/api/v1/timelines/tag/:tag") { state, call in
            let tags = Set(([call.decoded("tag")] + call.fields.list("any")).map { $0.lowercased() })
            let all = call.fields.list("all").map { $0.lowercased() }
            let none = Set(call.fields.list("none").map { $0.lowercased() })
            return state.answer(
                Page(call).cut(state.world) { post in
                    guard post.visibility == .public, post.reblogOf == 0 else { return false }
                    let own = state.world.tags(of: post)
                    return !tags.isDisjoint(with: own) && all.allSatisfy(own.contains) && none.isDisjoint(with: own)
                        && state.isOnSide(post, call) && state.isShown(post, call.account)
                }, call)
        }
        get("/api/v1/timelines/list/:id", .person("read:lists")) { state, call in
            let viewer = try call.viewer
            let list = try state.list(call)
            let members = Set(list.members)
            let following = Set(state.world.following[Int(viewer)])
            return state.answer(
                Page(call).cut(state.world) { post in
                    guard members.contains(post.author), state.isShown(post, viewer) else { return false }
                    guard post.replyTo != 0 else { return true }
                    guard let parent = state.world.position(of: post.replyTo).map({ state.world.posts[$0].author }) else { return false }
                    if parent == post.author || parent == viewer { return true }
                    switch list.repliesPolicy {
                    case "list": return members.contains(parent)
                    case "followed": return following.contains(parent)
                    default: return false
                    }
                }, call)
        }
    }
}

extension DemoState {
    /// Public, no boost, no answer to somebody else.
    func isPublic(_ post: Post, _ call: Call) -> Bool {
        guard isPublic(post, for: call.account), isOnSide(post, call) else { return false }
        return !call.flag("only_media") || post.media != 0 || !(world.written[post.id]?.latest.media.isEmpty ?? true)
    }

    func isPublic(_ post: Post, for viewer: Int32?) -> Bool {
        guard post.visibility == .public, post.reblogOf == 0 else { return false }
        if post.replyTo != 0, world.position(of: post.replyTo).map({ world.posts[$0].author }) != post.author { return false }
        return isShown(post, viewer)
    }

    /// The parameters `local` and `remote`.
    func isOnSide(_ post: Post, _ call: Call) -> Bool {
        let isLocal = world.people[Int(post.author)].isLocal
        return !(call.flag("local") && !isLocal) && !(call.flag("remote") && isLocal)
    }
}
