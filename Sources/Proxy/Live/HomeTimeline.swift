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
    let histories: any RecommenderRepository
    let preparation: SlatePreparation
    let editor: PageEditor
    let budget: Budget
    let settings: ProxySettings
    let counters: ProxyCounters
    let clock: @Sendable () -> Instant

    func respond(to request: ServerRequest, publicBase: String) async -> ServerResponse {
        let sent = HomeRequest(target: request.target)
        guard let reader = await reader(behind: request) else {
            return await passThrough.respond(to: request, target: sent.target, publicBase: publicBase)
        }
        let asked = sent.withoutWrappers(reader.history.placements)
        guard reader.mode.edits, request.method == "GET", !asked.refused, !asked.asksForNewer, settings.recommendationsPerPage > 0 else {
            return await passThrough.respond(to: request, target: asked.target, publicBase: publicBase)
        }
        let preparing = Task {
            try await preparation.prepare(
                for: reader.person, history: reader.history, asked: asked, count: settings.recommendationsPerPage)
        }
        defer { preparing.cancel() }
        var outgoing = passThrough.outgoing(request, target: asked.target)
        outgoing.fields[.acceptEncoding] = DecodedPage.acceptable(request.fields[.acceptEncoding])
        outgoing.limits.bodyBytes = settings.largestPage
        let started = clock()
        let answer: CurlAnswer
        do throws(CurlError) {
            answer = try await passThrough.client.fetch(outgoing)
        } catch {
            if case .tooLarge = error { return await passThrough.respond(to: request, target: asked.target, publicBase: publicBase) }
            return Failures.answer(error)
        }
        let answered = clock()
        observe(answer, for: reader.person, at: answered)
        let untouched = ServerResponse(
            status: answer.status, fields: passThrough.fields(of: answer.fields, publicBase: publicBase), body: .bytes(answer.body))
        guard answer.status == 200 else { return untouched }
        let decided = await within(settings.decisionTime) { () -> PageEditor.Edited? in
            let prepared = try await preparing.value
            return try await editor.edit(answer, for: reader, with: prepared, asked: asked, publicBase: publicBase)
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
        response.body = .bytes(page.body)
        response.fields[.contentEncoding] = nil
        response.fields[.eTag] = nil
        response.fields[.link] = page.link
        response.fields[.sheltieRecommendations] = String(page.count)
        response.fields[.sheltieMode] = reader.mode.kind.rawValue
        response.fields[.serverTiming] =
            "upstream;dur=\(Self.milliseconds(answered - started)), sheltie;dur=\(Self.milliseconds(clock() - answered))"
        return response
    }

    /// A person at LIMITED or FULL, with what is known about them and how they want their home.
    struct Reader: Sendable {
        let person: SignedIn.Person
        let history: ReaderHistory
        let mode: HomeMode
    }

    /// nil at NONE, and when any of our parts fails or is slow: the person always gets their timeline.
    private func reader(behind request: ServerRequest) async -> Reader? {
        let fields = request.fields
        let limit = signedIn.isKnown(fields[.authorization]) ? settings.decisionTime : max(settings.identityTime, settings.decisionTime)
        let found = await within(limit) { () -> Reader? in
            guard let person = try await signedIn.person(authorization: fields[.authorization]), person.viewer.level > .none else {
                return nil
            }
            let history = try await histories.history(of: person.viewer, at: clock())
            let mode = HomeMode(settings: history.settings, agent: fields[.userAgent], acceptLanguage: fields[.acceptLanguage])
            return Reader(person: person, history: history, mode: mode)
        }
        if found == nil { counters.count(.identityFailed) }
        return found ?? nil
    }

    private func observe(_ answer: CurlAnswer, for person: SignedIn.Person, at now: Instant) {
        if answer.status == 401 || answer.status == 403 { signedIn.cache.forget(person.token) }
        if let remaining = RateLimit(answer.fields).remaining { budget.observe(remaining: remaining, for: person.token, at: now) }
    }

    private static func milliseconds(_ span: Instant.Span) -> String {
        let tenths = max(0, span.microseconds) / 100
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension HTTPField.Name {
    static let sheltieRecommendations = HTTPField.Name("X-Sheltie-Recommendations")!
    static let sheltieMode = HTTPField.Name("X-Sheltie-Mode")!
    static let serverTiming = HTTPField.Name("Server-Timing")!
}
