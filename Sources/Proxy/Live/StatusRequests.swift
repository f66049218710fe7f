import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Recommender
import Upstream

/// Requests about statuses: wrappers' ids are turned into what they stand for, and what a person does is noted after the
/// instance has said yes.
struct StatusRequests: Sendable {
    /// A body that is read to look for ids; a larger one passes as it is.
    static let largestBody = 1 << 20

    let passThrough: PassThrough
    let signedIn: SignedIn
    let histories: any RecommenderRepository
    let capture: InteractionCapture
    let displayCheck: DisplayCheck
    let mastodon: Mastodon
    let budget: Budget
    let accounts: VirtualAccounts
    let counters: ProxyCounters
    /// How long a request waits for what our own parts know or keep.
    let patience: Duration
    let clock: @Sendable () -> Instant

    func respond(to request: ServerRequest, publicBase: String) async -> ServerResponse {
        guard let person = await viewer(behind: request) else { return await passThrough.respond(to: request, publicBase: publicBase) }
        var sent = request
        var asked = ClientRequest(
            method: request.method, path: String(request.path), query: request.query.map(String.init), contentType: request.fields[.contentType])
        if WrapperIDs.readsBody(method: asked.method, path: asked.path) {
            guard let length = request.body.length, length <= Self.largestBody, let body = try? await request.body.collect(upTo: Self.largestBody)
            else {
                // What was read is gone: a chunked body is passed on unread, so ids in it are not looked for.
                return await passThrough.respond(to: request, publicBase: publicBase)
            }
            asked.body = body
            sent = request.replaying(body)
        }
        let placements = await placements(among: WrapperIDs.candidateIDs(in: asked), of: person)
        switch WrapperIDs.answer(asked, with: placements.byID) {
        case .forward(let changed):
            return await forward(changed == asked ? sent : sent.with(changed), changed, for: person, history: placements.history, publicBase: publicBase)
        case .wrapper(let placement):
            return await wrapper(placement, for: person, request: request, history: placements.history, publicBase: publicBase)
        case .notFound:
            return Failures.sentence("Record not found", status: 404)
        case .statuses(let ids, let wrappers, let rest):
            return await list(ids, wrappers, rest, for: person, request: sent, history: placements.history, publicBase: publicBase)
        }
    }

    /// nil where nothing of ours can be meant: no token, level NONE, or one of our parts fails.
    private func viewer(behind request: ServerRequest) async -> SignedIn.Person? {
        guard let person = await signedIn.person(authorization: request.fields[.authorization], within: patience), person.viewer.level > .none
        else { return nil }
        return person
    }

    private func placements(among ids: [String], of person: SignedIn.Person) async -> (byID: [String: Placement], history: ReaderHistory) {
        guard !ids.isEmpty, let history = await within(patience, { try await histories.history(of: person.viewer, at: clock()) }) else {
            return ([:], ReaderHistory())
        }
        let wanted = Set(ids)
        let found = history.placements.filter { wanted.contains($0.shownAs) }
        return (Dictionary(found.map { ($0.shownAs, $0) }) { newest, _ in newest }, history)
    }

    private func forward(
        _ request: ServerRequest, _ asked: ClientRequest, for person: SignedIn.Person, history: ReaderHistory, publicBase: String
    ) async -> ServerResponse {
        let segments = asked.segments
        if asked.method == "POST", segments.count == 5, segments[2] == "statuses", let act = InteractionCapture.Act(verb: segments[4]) {
            return await collected(request, for: person, publicBase: publicBase) { status in
                try await capture.note(act, on: status, by: person.viewer, source: Self.context(of: status, in: history))
            }
        }
        if asked.method == "POST", segments.elementsEqual(["api", "v1", "statuses"]) {
            return await collected(request, for: person, publicBase: publicBase) { status in
                guard let parent = status.inReplyToID, budget.spend(1, for: person.token, at: clock()),
                    let replied = try await mastodon.status(parent, authorization: person.authorization)
                else { return }
                try await capture.noteReply(to: replied.status, by: person.viewer, source: nil)
            }
        }
        return await passThrough.respond(to: request, publicBase: publicBase)
    }

    /// Sends the request, reads the answer, notes what it says if it is a yes, and gives it on as it came.
    private func collected(
        _ request: ServerRequest, for person: SignedIn.Person, publicBase: String, note: @escaping @Sendable (Status) async throws -> Void
    ) async -> ServerResponse {
        var outgoing = passThrough.outgoing(request)
        outgoing.fields[.acceptEncoding] = DecodedPage.acceptable(request.fields[.acceptEncoding])
        outgoing.limits.bodyBytes = DecodedPage.limit
        let answer: CurlAnswer
        do throws(CurlError) {
            answer = try await passThrough.client.fetch(outgoing)
        } catch {
            return Failures.answer(error)
        }
        if answer.status == 401 || answer.status == 403 { signedIn.cache.forget(person.token) }
        if (200...299).contains(answer.status) {
            // The instance has said yes, so the client hears yes: that we did not keep it harms only the next slate.
            let kept: Void? = await within(patience) { try await note(StatusReader.status(in: DecodedPage(answer).bytes)) }
            counters.count(kept == nil ? .interactionLost : .interactionKept)
        }
        return ServerResponse(
            status: answer.status, fields: passThrough.fields(of: answer.fields, publicBase: publicBase), body: .bytes(answer.body))
    }

    private static func context(of status: Status, in history: ReaderHistory) -> Interaction.Context? {
        let id = status.reblog?.status.id ?? status.id
        guard let placement = history.placements.first(where: { $0.localID == id }) else { return nil }
        return Interaction.Context(source: "recommendation", reason: placement.reason)
    }

    private func wrapper(
        _ placement: Placement, for person: SignedIn.Person, request: ServerRequest, history: ReaderHistory, publicBase: String
    ) async -> ServerResponse {
        guard let bytes = await entry(placement, for: person, request: request, history: history, publicBase: publicBase) else {
            return Failures.sentence("Record not found", status: 404)
        }
        return .json(bytes)
    }

    /// A wrapper with its status read afresh; nil when the status is gone or no longer for this viewer.
    func entry(
        _ placement: Placement, for person: SignedIn.Person, request: ServerRequest, history: ReaderHistory, publicBase: String
    ) async -> [UInt8]? {
        guard let localID = placement.localID, let shown = try? await displayCheck.allowed([localID], for: person).first,
            let reason = Reason(logged: placement.reason, author: shown.status.account.acct)
        else { return nil }
        let mode = HomeMode(
            settings: history.settings, agent: request.fields[.userAgent], acceptLanguage: request.fields[.acceptLanguage])
        let wrapper = Wrapper(
            shownAs: placement.shownAs, createdAt: shown.status.createdAt.iso8601, innerID: localID,
            account: accounts.account(for: reason, in: mode.language, publicBase: publicBase), policy: "logged")
        // Asked for by id it is always shown wrapped: that is what stands under this id.
        return wrapper.bytes(around: shown.bytes, label: mode.label == .filtered ? .filtered : .reblog)
    }

    private func list(
        _ asked: [String], _ wrappers: [String: Placement], _ rest: ClientRequest?, for person: SignedIn.Person, request: ServerRequest,
        history: ReaderHistory, publicBase: String
    ) async -> ServerResponse {
        var found: [String: [UInt8]] = [:]
        if let rest {
            var outgoing = passThrough.outgoing(request.with(rest))
            outgoing.fields[.acceptEncoding] = "identity"
            outgoing.limits.bodyBytes = DecodedPage.limit
            let answer: CurlAnswer
            do throws(CurlError) {
                answer = try await passThrough.client.fetch(outgoing)
            } catch {
                return Failures.answer(error)
            }
            guard answer.status == 200, let page = try? DecodedPage(answer), let statuses = try? StatusReader.statuses(in: page.bytes) else {
                return ServerResponse(
                    status: answer.status, fields: passThrough.fields(of: answer.fields, publicBase: publicBase), body: .bytes(answer.body))
            }
            for read in statuses { found[read.status.id] = Array(page.bytes[read.range]) }
        }
        for (id, placement) in wrappers {
            found[id] = await entry(placement, for: person, request: request, history: history, publicBase: publicBase)
        }
        var json = JSONWriter(capacity: found.values.reduce(16) { $0 + $1.count + 1 })
        json.array { for id in asked { if let bytes = found[id] { $0.raw(bytes) } } }
        return .json(json.bytes)
    }
}

extension ServerRequest {
    /// The same request with a body that has been read already.
    func replaying(_ bytes: [UInt8]) -> ServerRequest {
        ServerRequest(method: method, target: target, authority: authority, fields: fields, body: .of(bytes))
    }

    /// The same request with the path, query and body of `changed`.
    func with(_ changed: ClientRequest) -> ServerRequest {
        let target = changed.path + (changed.query.map { "?" + $0 } ?? "")
        let newBody: RequestBody = changed.body.isEmpty ? body : .of(changed.body)
        return ServerRequest(method: method, target: target, authority: authority, fields: fields, body: newBody)
    }
}
