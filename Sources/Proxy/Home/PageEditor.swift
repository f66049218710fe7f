import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Recommender
import Upstream
import Zlib

/// Turns upstream's page and what was prepared into the page that goes out: planned, logged, spliced, in this order.
struct PageEditor: Sendable {
    struct Edited: Sendable {
        let body: ServerResponse.Body
        /// nil: upstream sent none, and none is needed.
        let link: String?
        /// As the body is encoded: as upstream's was, where it was.
        let encoding: String?
        /// Recommendations on the page.
        let count: Int
    }

    let people: any PeopleRepository
    let log: any RecommendationLogRepository
    let policy: PrivacyPolicy
    let accounts: VirtualAccounts
    let sent: SentLately
    let instance: Instance
    let recommendationsPerPage: Int
    let clock: @Sendable () -> Instant

    /// - Returns: nil when nothing is to be added, or the person's level has changed meanwhile.
    /// - Throws: when the page is not understood, or the rows could not be written: then it goes out as it came.
    func edit(
        _ answer: CurlAnswer, for reader: HomeTimeline.Reader, with prepared: SlatePreparation.Prepared, asked: HomeRequest, publicBase: String,
        while isWanted: @escaping @Sendable () -> Bool
    ) async throws -> Edited? {
        let page = try DecodedPage(answer)
        let posts = try PagePost.page(StatusSlices(page.bytes), of: reader.person.accountID)
        let now = clock()
        let token = reader.person.token
        let offers = prepared.offered.map(\.offer).filter { !sent.contains($0.names, by: token, at: now) }
        sent.note(posts.lazy.flatMap(\.shows), by: token, at: now)
        let plan = PagePlan(
            PageQuestion(
                entries: posts, offers: offers, placements: reader.history.placements, label: reader.mode.label, most: recommendationsPerPage))
        guard !plan.insertions.isEmpty else { return nil }

        let byPost = Dictionary(prepared.offered.map { ($0.post, $0) }) { first, _ in first }
        var entries: [[UInt8]] = []
        for insertion in plan.insertions {
            guard let offered = byPost[insertion.post] else { throw PageError.planWithoutOffer }
            entries.append(try entry(insertion, offered, reader: reader, policy: prepared.policy, publicBase: publicBase))
        }
        guard try await keepLog(of: plan, byPost, for: reader.person, policy: prepared.policy, at: now, while: isWanted)
        else { return nil }

        let body = Splicer.splice(page.bytes, entries: posts, plan: plan, inserted: entries)
        let links = PageLinks(upstream: instance.authority, links: OwnLinks(base: publicBase))
        let link =
            plan.nextCursor.map { links.header(answer.fields[.link], next: $0, path: asked.path, query: asked.clientQuery, own: HomeRequest.own) }
            ?? answer.fields[.link].map(links.rewritten)
        return Edited(
            body: page.wasCompressed ? .bytes(gzip(Array(body.joined()), level: DecodedPage.compression)) : .slices(body), link: link,
            encoding: page.wasCompressed ? "gzip" : nil, count: plan.insertions.count)
    }

    /// Notes what the person gets on a page to which nothing is added.
    func note(_ answer: CurlAnswer, for reader: HomeTimeline.Reader) throws {
        let posts = try PagePost.page(StatusSlices(DecodedPage(answer).bytes), of: reader.person.accountID)
        sent.note(posts.lazy.flatMap(\.shows), by: reader.person.token, at: clock())
    }

    private func entry(
        _ insertion: PagePlan.Insertion, _ offered: SlatePreparation.Offered, reader: HomeTimeline.Reader, policy: String, publicBase: String
    ) throws -> [UInt8] {
        let logged = insertion.standing?.reason ?? offered.reason
        guard let reason = Reason(logged: logged, author: offered.shown.status.account.acct) else { throw PageError.unknownReason }
        let (account, accountJSON) = accounts.shown(for: reason, in: reader.mode.language, publicBase: publicBase)
        let wrapper = Wrapper(
            shownAs: insertion.shownAs, createdAt: insertion.createdAt, innerID: insertion.innerID, account: account, accountJSON: accountJSON,
            policy: insertion.standing?.policy ?? policy)
        guard let bytes = wrapper.bytes(around: offered.shown.bytes, label: reader.mode.label) else { throw PageError.notAStatus }
        return bytes
    }

    /// Every recommendation that was not shown before has its row before the first byte leaves.
    /// - Returns: false when the person's level has changed since the request began.
    private func keepLog(
        of plan: PagePlan, _ offered: [PostKey: SlatePreparation.Offered], for person: SignedIn.Person, policy model: String, at now: Instant,
        while isWanted: @escaping @Sendable () -> Bool
    ) async throws -> Bool {
        let viewer = person.viewer
        let rows = plan.insertions.enumerated().compactMap { place, insertion -> Permitted<Recommendation>? in
            guard insertion.standing == nil, let offer = offered[insertion.post] else { return nil }
            return policy.permit(
                Recommendation(
                    post: insertion.post, at: now, reason: offer.reason, modelVersion: model, shownAs: insertion.shownAs,
                    above: insertion.above, below: insertion.below, position: insertion.gap + place),
                for: viewer)
        }
        let isNew = plan.insertions.filter { $0.standing == nil }.count
        guard rows.count == isNew else { throw PageError.notPermitted }
        if rows.isEmpty {
            // Nothing is written: the level that the request began with counts, unless the instance took its time.
            if now - person.readAt < .seconds(1) { return true }
            return try await people.viewer(viewer.alias, in: viewer.tenant) == viewer
        }
        return try await log.record(rows, while: isWanted)
    }
}

/// Why a page goes out as it came.
enum PageError: Error {
    case planWithoutOffer, unknownReason, notAStatus, notPermitted, notDecodable
}
