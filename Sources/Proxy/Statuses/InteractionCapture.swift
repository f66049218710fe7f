import Fediverse
import Privacy
import Upstream

/// What a person does with a status, seen on its way: noted only after the instance has said yes.
struct InteractionCapture: Sendable {
    /// An act as the path names it.
    struct Act: Sendable, Equatable {
        let kind: InteractionKind
        let undone: Bool

        init?(verb: Substring) {
            switch verb {
            case "favourite": (kind, undone) = (.favourite, false)
            case "unfavourite": (kind, undone) = (.favourite, true)
            case "reblog": (kind, undone) = (.reblog, false)
            case "unreblog": (kind, undone) = (.reblog, true)
            case "bookmark": (kind, undone) = (.bookmark, false)
            case "unbookmark": (kind, undone) = (.bookmark, true)
            default: return nil
            }
        }
    }

    let domain: String
    let interactions: any InteractionRepository
    let pseudonymizer: Pseudonymizer
    let policy: PrivacyPolicy
    let consent: ConsentPolicy
    let clock: @Sendable () -> Instant

    /// Notes an act on the status that upstream's answer describes.
    /// - Parameter isWanted: false once the client has its answer: what comes later might undo what it has taken back since.
    /// - Returns: whether it is kept, or with an undo no longer. Nothing is where the author wants to be left alone, nor what people do on
    ///   their own statuses: it would put their own account beside their alias.
    func note(
        _ act: Act, on answer: Status, by person: SignedIn.Person, source: Interaction.Context?, while isWanted: @escaping @Sendable () -> Bool
    ) async throws -> Bool {
        // The answer to a reblog is the reblog itself; what was meant is inside.
        let status = answer.reblog?.status ?? answer
        guard status.account.id != person.accountID, act.undone || !consent.leavesAlone(status.account) else { return false }
        let post = reference(to: status)
        if act.undone {
            try await interactions.undo(act.kind, on: post.postID, by: person.viewer)
            return true
        }
        return try await record(
            act.kind, post: post, visibility: Self.stricter(answer.visibility, status.visibility), by: person.viewer, context: source,
            while: isWanted)
    }

    /// Notes a reply. A private answer to a public status is a private act.
    func noteReply(
        _ reply: Status, to parent: Status, by person: SignedIn.Person, while isWanted: @escaping @Sendable () -> Bool
    ) async throws -> Bool {
        guard parent.account.id != person.accountID, !consent.leavesAlone(parent.account) else { return false }
        return try await record(
            .reply, post: reference(to: parent), visibility: Self.stricter(reply.visibility, parent.visibility), by: person.viewer,
            context: nil, while: isWanted)
    }

    private static func stricter(_ one: Visibility, _ other: Visibility) -> Visibility {
        let order: [Visibility] = [.direct, .private, .unlisted, .public]
        return order.first { $0 == one || $0 == other } ?? .direct
    }

    private func record(
        _ kind: InteractionKind, post: PostReference, visibility: Visibility, by viewer: Viewer, context: Interaction.Context?,
        while isWanted: @escaping @Sendable () -> Bool
    ) async throws -> Bool {
        let interaction = Interaction(post: post, kind: kind, at: clock(), weight: nil, context: context)
        guard let permitted = policy.permit(interaction, visibility: visibility, for: viewer) else { return false }
        return try await interactions.record(permitted, while: isWanted)
    }

    private func reference(to status: Status) -> PostReference {
        PostReference(
            postID: Pseudonymizer.postID(host: domain, uri: status.uri), authorID: pseudonymizer.authorID(uri: status.account.uri))
    }
}
