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
    let preferences: any PreferenceRepository
    let counters: ProxyCounters
    let clock: @Sendable () -> Instant

    /// How long a client waits for us to note what the instance has already done.
    private static let noting: Duration = .seconds(2)

    func respond(to request: ServerRequest, publicBase: String) async -> ServerResponse {
        guard let person = await signedIn.person(authorization: request.fields[.authorization]), person.viewer.level > .none else {
            return await passThrough.respond(to: request, publicBase: publicBase)
        }
        var sent = request
        var asked = ClientRequest(
            method: request.method, path: String(request.path), query: request.query.map(String.init), contentType: request.fields[.contentType])
        if WrapperIDs.readsBody(method: asked.method, path: asked.path) {
            do {
                switch try await request.body.start(upTo: Self.largestBody) {
                case .whole(let body):
                    asked.body = body
                    sent = request.with(body: .of(body))
                case .more(let body):
                    return await passThrough.respond(to: request.with(body: body), publicBase: publicBase)
                }
            } catch {
                return Failures.sentence("The request's body broke off", status: 400)
            }
        }
        let placements = await placements(among: WrapperIDs.candidateIDs(in: asked), of: person)
        // With the label `json` a status stands under its own id, which stays the instance's.
        switch WrapperIDs.answer(asked, with: placements.filter { $0.value.isWrapper }) {
        case .forward(let changed):
            let recommended = placements.values.first { $0.localID.map { changed.segments.contains($0[...]) } ?? false }
            return await forward(changed == asked ? sent : sent.with(changed), changed, of: recommended, for: person, publicBase: publicBase)
        case .wrapper(let placement):
            return await wrapper(placement, for: person, request: request, publicBase: publicBase)
        case .notFound:
            return Failures.sentence("Record not found", status: 404)
        case .statuses(let ids, let wrappers, let rest):
            return await list(ids, wrappers, rest, for: person, request: sent, publicBase: publicBase)
        }
    }

    private func placements(among ids: [String], of person: SignedIn.Person) async -> [String: Placement] {
        guard !ids.isEmpty else { return [:] }
        let found = await within(signedIn.lookUp) { _ in try await histories.placements(ids, of: person.viewer) } ?? []
        return Dictionary(found.map { ($0.shownAs, $0) }) { first, _ in first }
    }

    private func forward(
        _ request: ServerRequest, _ asked: ClientRequest, of recommended: Placement?, for person: SignedIn.Person, publicBase: String
    ) async -> ServerResponse {
        let segments = asked.segments
        if asked.method == "POST", segments.count == 5, segments[2] == "statuses", let act = InteractionCapture.Act(verb: segments[4]) {
            return await collected(request, for: person, publicBase: publicBase) { status, isWanted in
                let context = recommended.map { Interaction.Context(source: "recommendation", reason: $0.reason) }
                return try await capture.note(act, on: status, by: person, source: context, while: isWanted)
            }
        }
        if asked.method == "POST", segments.elementsEqual(["api", "v1", "statuses"]) {
            return await collected(request, for: person, publicBase: publicBase) { status, isWanted in
                guard let parent = status.inReplyToID, budget.spend(1, for: person.token, at: clock()),
                    let replied = try await mastodon.status(parent, authorization: person.authorization)
                else { return false }
                return try await capture.noteReply(status, to: replied.status, by: person, while: isWanted)
            }
        }
        return await passThrough.respond(to: request, publicBase: publicBase)
    }

    /// Sends the request, reads the answer, notes what it says if it is a yes, and gives it on as it came.
    private func collected(
        _ request: ServerRequest, for person: SignedIn.Person, publicBase: String,
        note: @escaping @Sendable (Status, _ isWanted: @escaping @Sendable () -> Bool) async throws -> Bool
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
        var fields = passThrough.fields(of: answer.fields, publicBase: publicBase)
        if (200...299).contains(answer.status) {
            let isNoted = await within(Self.noting) { isWanted in
                try await note(StatusReader.status(in: DecodedPage(answer).bytes), isWanted)
            }
            // The instance has said yes, so the client hears yes: that we did not keep it harms only the next slate. A field says which.
            switch isNoted {
            case true?: counters.count(.interactionKept)
            case false?: break
            case nil: counters.count(.interactionLost)
            }
            fields[.sheltieKept] = isNoted.map { $0 ? "yes" : "no" } ?? "unknown"
        }
        return ServerResponse(status: answer.status, fields: fields, body: .bytes(answer.body))
    }

    private func wrapper(
        _ placement: Placement, for person: SignedIn.Person, request: ServerRequest, publicBase: String
    ) async -> ServerResponse {
        do throws(UpstreamError) {
            guard let shown = try await afresh(placement, for: person) else { return Failures.sentence("Record not found", status: 404) }
            guard let bytes = await entry(placement, shown, for: person, request: request, publicBase: publicBase) else {
                return Failures.sentence("Record not found", status: 404)
            }
            return .ownJSON(bytes)
        } catch {
            return Failures.answer(error)
        }
    }

    /// The status in a wrapper as the instance shows it now: in place of the client's own request, so it costs none of ours.
    /// - Returns: nil when it is gone, or its author no longer consents. Neither its age nor a follow since then matters:
    ///   it was shown, and stays where it was as long as its row lives.
    private func afresh(_ placement: Placement, for person: SignedIn.Person) async throws(UpstreamError) -> ShownStatus? {
        guard let localID = placement.localID else { return nil }
        let shown: ShownStatus?
        do {
            shown = try await mastodon.status(localID, authorization: person.authorization)
        } catch let error as UpstreamError {
            throw error
        } catch {
            throw .notUnderstood
        }
        return shown.flatMap { displayCheck.mayStand($0.status) ? $0 : nil }
    }

    /// Statuses at the instance, as many as the person's budget reaches for.
    func read(_ ids: [String], for person: SignedIn.Person) async throws -> [ShownStatus] {
        let ids = budget.affordable(ids, for: person.token, at: clock(), cost: mastodon.requestsNeeded(forStatuses:))
        return try await mastodon.statuses(ids, authorization: person.authorization)
    }

    /// A wrapper's bytes; nil when its reason is none that this version knows.
    func entry(
        _ placement: Placement, _ shown: ShownStatus, for person: SignedIn.Person, request: ServerRequest, publicBase: String
    ) async -> [UInt8]? {
        guard let localID = placement.localID, let reason = Reason(logged: placement.reason, author: shown.status.account.acct) else { return nil }
        let settings = await within(signedIn.lookUp) { _ in try await preferences.settings(of: person.viewer) } ?? [:]
        let mode = HomeMode(settings: settings, agent: request.fields[.userAgent], acceptLanguage: request.fields[.acceptLanguage])
        let (account, accountJSON) = accounts.shown(for: reason, in: mode.language, publicBase: publicBase)
        // As on the page, so that it does not jump where a client sorts by time.
        let now = clock()
        let placed = PositionID(placement.shownAs).moment(within: now - .days(366)...now)
        let wrapper = Wrapper(
            shownAs: placement.shownAs, createdAt: (placed ?? shown.status.createdAt).iso8601, innerID: localID, account: account,
            accountJSON: accountJSON, policy: placement.policy ?? "logged")
        // Asked for by id it is always shown wrapped: that is what stands under this id.
        return wrapper.bytes(around: shown.bytes, label: mode.label == .filtered ? .filtered : .reblog)
    }

    private func list(
        _ asked: [String], _ wrappers: [String: Placement], _ rest: ClientRequest?, for person: SignedIn.Person, request: ServerRequest,
        publicBase: String
    ) async -> ServerResponse {
        var found: [String: [UInt8]] = [:]
        var fields: HTTPFields?
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
            fields = passThrough.fields(of: answer.fields, publicBase: publicBase)
            for read in statuses { found[read.status.id] = Array(page.bytes[read.range]) }
        }
        let shown = (try? await read(wrappers.values.compactMap(\.localID), for: person)) ?? []
        let byID = Dictionary(shown.map { ($0.status.id, $0) }) { first, _ in first }
        for (id, placement) in wrappers {
            guard let shown = placement.localID.flatMap({ byID[$0] }), displayCheck.mayStand(shown.status) else { continue }
            found[id] = await entry(placement, shown, for: person, request: request, publicBase: publicBase)
        }
        var json = JSONWriter(capacity: found.values.reduce(16) { $0 + $1.count + 1 })
        json.array { for id in asked { if let bytes = found[id] { $0.raw(bytes) } } }
        return fields.map { .merged(json.bytes, fields: $0) } ?? .ownJSON(json.bytes)
    }
}

extension ServerRequest {
    func with(body: RequestBody) -> ServerRequest {
        ServerRequest(method: method, target: target, authority: authority, fields: fields, body: body)
    }

    /// The same request with the path, query and body of `changed`.
    func with(_ changed: ClientRequest) -> ServerRequest {
        let target = changed.path + (changed.query.map { "?" + $0 } ?? "")
        let newBody: RequestBody = changed.body.isEmpty ? body : .of(changed.body)
        return ServerRequest(method: method, target: target, authority: authority, fields: fields, body: newBody)
    }
}
