import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Recommender
import Upstream

/// Requests about lists: ours stand behind the person's own, are read like any, and cannot be edited. None of their ids reaches upstream.
struct ListRequests: Sendable {
    let passThrough: PassThrough
    let signedIn: SignedIn
    let forYou: ForYouTimeline
    let home: HomeScan
    let accounts: VirtualAccounts
    let preferences: any PreferenceRepository
    let policy: PrivacyPolicy
    let counters: ProxyCounters

    private struct Reader {
        let person: SignedIn.Person
        let history: ReaderHistory
        let mode: HomeMode
    }

    /// `GET /api/v1/lists`: upstream's, then ours.
    func all(_ request: ServerRequest, publicBase: String) async -> ServerResponse {
        guard request.method == "GET", case .reader(let reader) = await reader(behind: request), reader.person.viewer.level > .none else {
            return await passThrough.respond(to: request, publicBase: publicBase)
        }
        let hidden = VirtualList.hidden(in: reader.history.settings)
        let ours = VirtualList.allCases.filter { !hidden.contains($0) }
        var outgoing = passThrough.outgoing(request)
        outgoing.fields[.acceptEncoding] = "identity"
        outgoing.limits.bodyBytes = DecodedPage.limit
        let answer: CurlAnswer
        do throws(CurlError) {
            answer = try await passThrough.client.fetch(outgoing)
        } catch {
            return Failures.answer(error)
        }
        let fields = passThrough.fields(of: answer.fields, publicBase: publicBase)
        guard answer.status == 200, !ours.isEmpty, let page = try? DecodedPage(answer),
            let body = Self.appended(ours.map { $0.json(in: reader.mode.language) }, to: page.bytes)
        else { return ServerResponse(status: answer.status, fields: fields, body: .bytes(answer.body)) }
        return .merged(body, fields: fields)
    }

    /// Everything about one list of ours.
    /// - Parameters:
    ///   - rest: what stands in the path behind the id.
    ///   - otherwise: answers where the list is the instance's.
    func one(
        _ id: Substring?, _ rest: Substring?, _ request: ServerRequest, publicBase: String, otherwise: @Sendable () async -> ServerResponse
    ) async -> ServerResponse {
        guard let list = id.flatMap({ VirtualList(id: $0) }) else { return await otherwise() }
        switch await reader(behind: request) {
        case .nobody: return Failures.sentence("The access token is invalid", status: 401)
        case .unknown: return Failures.sentence("This cannot be looked up just now; try again", status: 503)
        case .reader(let reader):
            switch (request.method, rest ?? "") {
            case ("GET", ""), ("HEAD", ""): return .ownJSON(list.json(in: reader.mode.language))
            case ("GET", "accounts"), ("HEAD", "accounts"): return .ownJSON(Array("[]".utf8))
            case ("DELETE", ""): return await hide(list, for: reader)
            case ("PUT", ""), ("PATCH", ""), (_, "accounts"):
                return Failures.sentence("This list is made of recommendations: it can be hidden, but not edited", status: 422)
            default: return Failures.sentence("Record not found", status: 404)
            }
        }
    }

    /// A list's timeline.
    func timeline(_ id: Substring?, _ request: ServerRequest, publicBase: String) async -> ServerResponse {
        guard let list = id.flatMap({ VirtualList(id: $0) }) else { return await passThrough.respond(to: request, publicBase: publicBase) }
        switch await reader(behind: request) {
        case .nobody: return Failures.sentence("The access token is invalid", status: 401)
        case .unknown: return Failures.sentence("This cannot be looked up just now; try again", status: 503)
        case .reader(let reader):
            // A client keeps asking for a list that was hidden, and 404 would make an error of it.
            if VirtualList.hidden(in: reader.history.settings).contains(list) { return .ownJSON(Array("[]".utf8)) }
            do {
                switch list {
                case .forYou: return try await forYou(request, for: reader, publicBase: publicBase)
                case .catchUp: return await chosen(.catchUp, request, for: reader, publicBase: publicBase)
                case .quietFriends: return await chosen(.quietFriends, request, for: reader, publicBase: publicBase)
                }
            } catch let error as UpstreamError {
                return Failures.answer(error)
            } catch {
                return Failures.sentence("This list cannot be made just now; try again", status: 503)
            }
        }
    }

    private func forYou(_ request: ServerRequest, for reader: Reader, publicBase: String) async throws -> ServerResponse {
        let asked = ListPage(query: request.query.map(String.init))
        let page = try await forYou.page(asked, for: reader.person, history: reader.history)
        var json = JSONWriter(capacity: 4_096)
        var ids: [String] = []
        json.array {
            for entry in page.entries {
                guard let bytes = wrapped(entry, for: reader, publicBase: publicBase) else { continue }
                $0.raw(bytes)
                ids.append(entry.placement.shownAs)
            }
        }
        counters.count(.recommended, ids.count)
        var response = ServerResponse.ownJSON(
            json.bytes, link: asked.link(to: publicBase + String(request.path), ids: ids, next: page.isLast ? nil : ids.last))
        response.fields[.sheltieRecommendations] = String(ids.count)
        return response
    }

    /// A list of the person's own home: their instance's bytes, and nothing of it is kept.
    private func chosen(_ kind: HomeChoice.Kind, _ request: ServerRequest, for reader: Reader, publicBase: String) async -> ServerResponse {
        guard reader.person.viewer.level > .none else { return .ownJSON(Array("[]".utf8)) }
        let asked = ListPage(query: request.query.map(String.init))
        switch await home.page(of: kind, asked, for: reader.person, behind: request, publicBase: publicBase) {
        case .refused(let answer): return answer
        case .page(let page):
            var json = JSONWriter(capacity: page.entries.reduce(16) { $0 + $1.count + 1 })
            json.array { for entry in page.entries { $0.raw(entry) } }
            return .ownJSON(json.bytes, link: asked.link(to: publicBase + String(request.path), ids: page.ids, next: page.next))
        }
    }

    private func wrapped(_ entry: ForYouTimeline.Entry, for reader: Reader, publicBase: String) -> [UInt8]? {
        guard let reason = Reason(logged: entry.placement.reason, author: entry.shown.status.account.acct) else { return nil }
        let (account, accountJSON) = accounts.shown(for: reason, in: reader.mode.language, publicBase: publicBase)
        let wrapper = Wrapper(
            shownAs: entry.placement.shownAs, createdAt: entry.createdAt.iso8601, innerID: entry.shown.status.id, account: account,
            accountJSON: accountJSON, policy: entry.placement.policy ?? "logged")
        // Places have ids of their own here, whatever the label in home.
        return wrapper.bytes(around: entry.shown.bytes, label: reader.mode.label == .filtered ? .filtered : .reblog)
    }

    private func hide(_ list: VirtualList, for reader: Reader) async -> ServerResponse {
        let viewer = reader.person.viewer
        let value = VirtualList.setting(hiding: VirtualList.hidden(in: reader.history.settings).union([list]))
        guard let permitted = policy.permit(setting: Setting(name: VirtualList.setting, value: value), for: viewer) else {
            return Failures.sentence("At level NONE nothing is kept, this choice neither; choose a level at /sheltie/ first", status: 422)
        }
        do {
            try await preferences.set(permitted)
        } catch {
            return Failures.sentence("This could not be kept just now; try again", status: 503)
        }
        return .ownJSON(Array("{}".utf8))
    }

    private enum Asking { case nobody, unknown, reader(Reader) }

    private func reader(behind request: ServerRequest) async -> Asking {
        switch await signedIn.reader(authorization: request.fields[.authorization]) {
        case .nobody: return signedIn.isRefused(authorization: request.fields[.authorization]) ? .nobody : .unknown
        case .unknown:
            counters.count(.identityFailed)
            return .unknown
        case .reader(let person, let history):
            let mode = HomeMode(
                settings: history.settings, agent: request.fields[.userAgent], acceptLanguage: request.fields[.acceptLanguage])
            return .reader(Reader(person: person, history: history, mode: mode))
        }
    }

    /// The array's bytes as they are, with more entries at its end; nil where it is no array.
    private static func appended(_ entries: [[UInt8]], to array: [UInt8]) -> [UInt8]? {
        func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        guard let begin = array.firstIndex(where: { !isBlank($0) }), array[begin] == UInt8(ascii: "["),
            let end = array.lastIndex(where: { !isBlank($0) }), end > begin, array[end] == UInt8(ascii: "]")
        else { return nil }
        var bytes = Array(array[..<end])
        var isFirst = array[(begin + 1)..<end].allSatisfy(isBlank)
        for entry in entries {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            bytes += entry
        }
        return bytes + array[end...]
    }
}
