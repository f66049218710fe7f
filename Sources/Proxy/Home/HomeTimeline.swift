import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Recommender
import Upstream

/// `GET /api/v1/timelines/home`: upstream's page, with a few labelled recommendations when everything about them is in
/// order in time, and otherwise exactly as it came.
struct HomeTimeline: Sendable {
    let passThrough: PassThrough
    let signedIn: SignedIn
    let preparation: SlatePreparation
    let editor: PageEditor
    let settings: ProxySettings
    let counters: ProxyCounters
    let clock: @Sendable () -> Instant

    func respond(to request: ServerRequest, publicBase: String) async -> ServerResponse {
        let sent = HomeRequest(target: request.target)
        guard let reader = await reader(behind: request) else {
            return await passThrough.respond(to: request, target: sent.target, publicBase: publicBase)
        }
        let ids = sent.wrapperIDs
        let asked = ids.isEmpty ? sent : sent.withoutWrappers(ids, await placements(of: ids, for: reader))
        guard reader.mode.edits, request.method == "GET", !asked.refused, settings.recommendationsPerPage > 0 else {
            return await passThrough.respond(to: request, target: asked.target, publicBase: publicBase)
        }
        if asked.asksForNewer { return await newer(request, asked, for: reader, publicBase: publicBase) }
        let preparing = Task(executorPreference: RequestExecutor.current) {
            try await preparation.prepare(
                for: reader.person, history: reader.history, asked: asked, count: settings.recommendationsPerPage)
        }
        // What comes too late for this page still fills the caches for the next: it ends by its own deadlines.
        let started = clock()
        let answer: CurlAnswer
        do throws(CurlError) {
            answer = try await fetch(request, asked)
        } catch {
            return await failed(error, request, asked, publicBase: publicBase)
        }
        let answered = clock()
        let untouched = untouched(answer, publicBase: publicBase)
        guard answer.status == 200 else { return untouched }
        let decided = await within(settings.decisionTime, on: Self.executor(for: answer)) { isWanted in
            let prepared = try await preparing.value
            return try await editor.edit(
                answer, for: reader, with: prepared, asked: asked, publicBase: publicBase, while: isWanted)
        }
        guard let decision = decided else {
            counters.count(.pageUntouchedByFailure)
            return untouched
        }
        guard let page = decision else {
            counters.count(.pageWithoutRecommendation)
            return untouched
        }
        counters.count(.pageEdited)
        counters.count(.recommended, page.count)
        var response = untouched
        response.body = page.body
        response.fields[.contentEncoding] = page.encoding
        response.fields[.eTag] = nil
        response.fields[.link] = page.link
        response.fields[.sheltieRecommendations] = String(page.count)
        response.fields[.sheltieMode] = reader.mode.kind.rawValue
        response.fields[.serverTiming] = (answer.fields[.serverTiming].map { $0 + ", " } ?? "")
            + "upstream;dur=\(Self.milliseconds(answered - started)), sheltie;dur=\(Self.milliseconds(clock() - answered))"
        return response
    }

    /// The newest placements, and where there are more of them than that, those that the request names.
    private func placements(of ids: Set<String>, for reader: Reader) async -> [Placement] {
        let known = reader.history.placements
        guard known.count >= ReaderHistory.mostPlacements else { return known }
        let older = ids.subtracting(known.map(\.shownAs))
        guard !older.isEmpty else { return known }
        return known + (await within(signedIn.lookUp) { _ in try await signedIn.readers.placements(Array(older), of: reader.person.viewer) } ?? [])
    }

    /// What is newer than the client has: nothing is added, but what the person gets is noted.
    private func newer(_ request: ServerRequest, _ asked: HomeRequest, for reader: Reader, publicBase: String) async -> ServerResponse {
        let answer: CurlAnswer
        do throws(CurlError) {
            answer = try await fetch(request, asked)
        } catch {
            return await failed(error, request, asked, publicBase: publicBase)
        }
        if answer.status == 200 {
            _ = await within(settings.decisionTime, on: Self.executor(for: answer)) { _ in try editor.note(answer, for: reader) }
        }
        return untouched(answer, publicBase: publicBase)
    }

    /// Upstream's whole page, in an encoding that we can undo.
    private func fetch(_ request: ServerRequest, _ asked: HomeRequest) async throws(CurlError) -> CurlAnswer {
        var outgoing = passThrough.outgoing(request, target: asked.target)
        outgoing.fields[.acceptEncoding] = DecodedPage.acceptable(request.fields[.acceptEncoding])
        outgoing.limits.bodyBytes = settings.largestPage
        return try await passThrough.client.fetch(outgoing)
    }

    private func failed(_ error: CurlError, _ request: ServerRequest, _ asked: HomeRequest, publicBase: String) async -> ServerResponse {
        // A head that is too large would be so again.
        if error == .tooLarge(what: "body") { return await passThrough.respond(to: request, target: asked.target, publicBase: publicBase) }
        return Failures.answer(error)
    }

    private func untouched(_ answer: CurlAnswer, publicBase: String) -> ServerResponse {
        ServerResponse(
            status: answer.status, fields: passThrough.fields(of: answer.fields, publicBase: publicBase), body: .bytes(answer.body))
    }

    /// Unpacking and packing take as long as many requests: they hold up nobody else's.
    private static func executor(for answer: CurlAnswer) -> (any TaskExecutor)? {
        answer.fields[.contentEncoding] == nil ? RequestExecutor.current : nil
    }

    /// A person at LIMITED or FULL, with what is known about them and how they want their home.
    struct Reader: Sendable {
        let person: SignedIn.Person
        let history: ReaderHistory
        let mode: HomeMode
    }

    /// nil at NONE, and when any of our parts fails: the person always gets their timeline.
    private func reader(behind request: ServerRequest) async -> Reader? {
        switch await signedIn.reader(authorization: request.fields[.authorization]) {
        case .nobody: return nil
        case .unknown:
            counters.count(.identityFailed)
            return nil
        case .reader(let person, _) where person.viewer.level == .none:
            // Whoever has gone back to NONE leaves nothing behind in memory either.
            forget(person.token)
            return nil
        case .reader(let person, let history):
            let mode = HomeMode(
                settings: history.settings, agent: request.fields[.userAgent], acceptLanguage: request.fields[.acceptLanguage])
            return Reader(person: person, history: history, mode: mode)
        }
    }

    private func forget(_ token: TokenDigest) {
        preparation.displayCheck.forget(token)
        editor.sent.forget(token)
    }

    private static func milliseconds(_ span: Instant.Span) -> String {
        let tenths = max(0, span.microseconds) / 100
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension HTTPField.Name {
    static let sheltieRecommendations = HTTPField.Name("X-Sheltie-Recommendations")!
    /// Whether an act is kept here: `yes`, `no`, or `unknown` when the database did not say so in time.
    static let sheltieKept = HTTPField.Name("X-Sheltie-Kept")!
    static let sheltieMode = HTTPField.Name("X-Sheltie-Mode")!
    static let serverTiming = HTTPField.Name("Server-Timing")!
}
