import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Recommender
import Upstream

/// Requests about the accounts behind our labels: read like any account, and acted on in the gestures people know, where
/// unfollowing means "less of this". None of their ids reaches upstream.
struct VirtualAccountRequests: Sendable {
    let passThrough: PassThrough
    let signedIn: SignedIn
    let statuses: StatusRequests
    let preferences: any PreferenceRepository
    let policy: PrivacyPolicy
    let accounts: VirtualAccounts
    let clock: @Sendable () -> Instant

    /// - Parameter otherwise: answers a request that names no virtual account.
    func respond(
        to request: ServerRequest, publicBase: String, otherwise: @Sendable (ServerRequest) async -> ServerResponse
    ) async -> ServerResponse {
        var asked = ClientRequest(
            method: request.method, path: String(request.path), query: request.query.map(String.init), contentType: request.fields[.contentType])
        var sent = request
        if VirtualAccountRoute.readsBody(method: asked.method, path: asked.path) {
            switch try? await request.body.start(upTo: StatusRequests.largestBody) {
            case .whole(let body):
                asked.body = body
                sent = request.with(body: .of(body))
            case .more(let body): return await otherwise(request.with(body: body))
            case nil: return Failures.sentence("The request's body broke off", status: 400)
            }
        }
        guard let route = VirtualAccountRoute(asked, authority: OwnLinks(base: publicBase).authority) else {
            return await otherwise(sent)
        }
        switch await signedIn.reader(authorization: request.fields[.authorization]) {
        case .nobody: return Failures.sentence("Record not found", status: 404)
        case .unknown: return Failures.sentence("This cannot be looked up just now; try again", status: 503)
        case .reader(let person, let history):
            return await answer(route, to: sent, by: Reader(person: person, history: history, publicBase: publicBase))
        }
    }

    private struct Reader {
        let person: SignedIn.Person
        let history: ReaderHistory
        let publicBase: String
    }

    private func answer(_ route: VirtualAccountRoute, to request: ServerRequest, by reader: Reader) async -> ServerResponse {
        switch route {
        case .account(let id), .handle(let id):
            guard let account = await account(id, for: reader) else { return Failures.sentence("Record not found", status: 404) }
            return .ownJSON(account.json())
        case .accounts(let mixed):
            return await merged(mixed, request, reader) { await account($0, for: reader)?.json() }
        case .relationships(let mixed):
            return await merged(mixed, request, reader) { id in
                guard let account = await account(id, for: reader) else { return nil }
                return relationship(to: account, history: reader.history).json()
            }
        case .familiarFollowers(let mixed):
            return await merged(mixed, request, reader) { id in
                var json = JSONWriter()
                json.object {
                    $0.member("id", id)
                    $0.member("accounts") { $0.array { _ in } }
                }
                return json.bytes
            }
        case .search(let short, let version):
            return await searched(short, version: version, for: reader)
        case .statuses(let id, let nothing):
            return await own(statusesOf: id, nothing: nothing, request: request, reader: reader)
        case .empty:
            return .ownJSON(Array("[]".utf8))
        case .act(let id, let act):
            return await carryOut(act, on: id, for: reader)
        case .refused:
            return Failures.sentence("This account is a label of recommendations: it can only be followed, unfollowed, muted or blocked", status: 422)
        case .notFound:
            return Failures.sentence("Record not found", status: 404)
        }
    }

    private func account(_ idOrShort: String, for reader: Reader) async -> VirtualAccount? {
        if let known = accounts.account(idOrShort: idOrShort, among: [], publicBase: reader.publicBase) { return known }
        // Given out by another process or before a restart: made again from what this reader was shown.
        var reasons = ReasonCode.allCases.map { Reason($0) }
        for placement in reader.history.placements.prefix(40) {
            if let reason = Reason(logged: placement.reason, author: ""), reason.argument != nil { reasons.append(reason) }
        }
        // The newest first: they are what a client still shows.
        let byAuthor = reader.history.placements.lazy.filter { $0.reason == ReasonCode.author.rawValue }.compactMap(\.localID)
        let newest = byAuthor.reduce(into: [String]()) { ids, id in if ids.count < 20, !ids.contains(id) { ids.append(id) } }
        let shown = (try? await statuses.displayCheck.allowed(newest, for: reader.person)) ?? []
        reasons += shown.map { Reason(.author, argument: $0.status.account.acct) }
        return accounts.account(idOrShort: idOrShort, among: reasons, publicBase: reader.publicBase)
    }

    private func relationship(to account: VirtualAccount, history: ReaderHistory) -> VirtualRelationship {
        let less = history.suppressedReasons.contains(account.reason.code.rawValue)
        return VirtualRelationship(
            accountID: account.id, following: !less, muting: less, blocking: history.settings["mode"] == HomeMode.Kind.off.rawValue)
    }

    /// Ours and upstream's answers in the order of the question.
    private func merged(
        _ mixed: VirtualAccountRoute.Mixed, _ request: ServerRequest, _ reader: Reader, _ ours: (String) async -> [UInt8]?
    ) async -> ServerResponse {
        var found: [String: [UInt8]] = [:]
        var fields: HTTPFields?
        if let rest = mixed.forward {
            var outgoing = passThrough.outgoing(request.with(rest))
            outgoing.fields[.acceptEncoding] = "identity"
            outgoing.limits.bodyBytes = DecodedPage.limit
            let answer: CurlAnswer
            do throws(CurlError) {
                answer = try await passThrough.client.fetch(outgoing)
            } catch {
                return Failures.answer(error)
            }
            guard answer.status == 200, let page = try? DecodedPage(answer), let entries = try? ObjectsByID.read(page.bytes) else {
                return ServerResponse(
                    status: answer.status, fields: passThrough.fields(of: answer.fields, publicBase: reader.publicBase),
                    body: .bytes(answer.body))
            }
            found = entries
            fields = passThrough.fields(of: answer.fields, publicBase: reader.publicBase)
        }
        for id in mixed.ours { found[id] = await ours(id) }
        var json = JSONWriter()
        json.array { for id in mixed.asked { if let bytes = found[id] { $0.raw(bytes) } } }
        return fields.map { .merged(json.bytes, fields: $0) } ?? .ownJSON(json.bytes)
    }

    private func searched(_ short: String, version: Int?, for reader: Reader) async -> ServerResponse {
        let found = await account(short, for: reader)?.json()
        var json = JSONWriter()
        func accounts(_ json: inout JSONWriter) { json.array { if let found { $0.raw(found) } } }
        if version == nil {
            accounts(&json)
        } else {
            json.object {
                $0.member("accounts") { accounts(&$0) }
                $0.member("statuses") { $0.array { _ in } }
                $0.member("hashtags") { $0.array { _ in } }
            }
        }
        return .ownJSON(json.bytes)
    }

    /// This reader's recommendations with that reason, newest first, a page at a time: one question to the instance for all of it.
    private func own(statusesOf id: String, nothing: Bool, request: ServerRequest, reader: Reader) async -> ServerResponse {
        guard let account = await account(id, for: reader) else { return Failures.sentence("Record not found", status: 404) }
        if nothing { return .ownJSON(Array("[]".utf8)) }
        let page = VirtualAccountPage(of: account.reason.code, in: reader.history.placements, query: request.query.map(String.init) ?? "")
        let shown: [ShownStatus]
        do {
            shown = try await statuses.read(page.placements.compactMap(\.localID), for: reader.person)
        } catch let error as UpstreamError {
            return Failures.answer(error)
        } catch {
            return Failures.sentence("The instance cannot be reached", status: 502)
        }
        let byID = Dictionary(shown.map { ($0.status.id, $0) }) { first, _ in first }
        var json = JSONWriter()
        var entries: [[UInt8]] = []
        for placement in page.placements {
            guard let status = placement.localID.flatMap({ byID[$0] }), statuses.displayCheck.mayStand(status.status),
                Reason(logged: placement.reason, author: status.status.account.acct) == account.reason,
                let bytes = await statuses.entry(placement, status, for: reader.person, request: request, publicBase: reader.publicBase)
            else { continue }
            entries.append(bytes)
        }
        json.array { for entry in entries { $0.raw(entry) } }
        return .ownJSON(json.bytes, link: page.link(to: reader.publicBase + request.path))
    }

    /// What a gesture means takes effect at LIMITED and FULL; the answer is the relationship with its new flag.
    private func carryOut(_ act: VirtualAccountRoute.Act, on id: String, for reader: Reader) async -> ServerResponse {
        guard let account = await account(id, for: reader) else { return Failures.sentence("Record not found", status: 404) }
        let viewer = reader.person.viewer
        let code = account.reason.code.rawValue
        let now = clock()
        var answer = relationship(to: account, history: reader.history)
        do {
            switch act {
            case .less(let seconds), .mute(let seconds):
                let suppression = Suppression(
                    subject: .reason(code: code), setAt: now, until: seconds.map { now + .seconds(Int64(min($0, 31_536_000))) })
                if let permitted = policy.permit(suppression: suppression, for: viewer) { try await preferences.suppress(permitted) }
                answer.following = false
                if case .mute = act { answer.muting = true }
            case .more:
                try await preferences.release(.reason(code: code), by: viewer)
                answer.following = true
                answer.muting = false
            case .block, .unblock:
                let off = act == .block
                let setting = Setting(name: "mode", value: off ? HomeMode.Kind.off.rawValue : nil)
                if let permitted = policy.permit(setting: setting, for: viewer) { try await preferences.set(permitted) }
                answer.blocking = off
            }
        } catch {
            return Failures.sentence("This could not be kept just now; try again", status: 503)
        }
        return .ownJSON(answer.json())
    }
}
