import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy

/// A list that is chosen from a person's own home: real statuses under their own ids, as many as a page holds.
///
/// Home is read as the person's client would read it, with their own token. The first page is the client's request; each that follows
/// is one of ours, as far as the person's budget lets us ask.
struct HomeScan: Sendable {
    /// Pages of home that are read for one page of a list.
    static let mostPages = 6
    static let pageLength = 40

    let passThrough: PassThrough
    let budget: Budget
    let clock: @Sendable () -> Instant

    struct Page: Sendable {
        /// The newest first, as the instance sent them.
        var entries: [[UInt8]] = []
        var ids: [String] = []
        /// Where the list goes on; nil where it ends.
        var next: String?
    }

    enum Answer: Sendable {
        case page(Page)
        /// The instance's own, where it is none that can be chosen from.
        case refused(ServerResponse)
    }

    func page(
        of kind: HomeChoice.Kind, _ asked: ListPage, for person: SignedIn.Person, behind request: ServerRequest, publicBase: String
    ) async -> Answer {
        var marker: PositionID?
        if kind == .catchUp, budget.spend(1, for: person.token, at: clock()) {
            switch await fetch("/api/v1/markers?timeline%5B%5D=home", request, person, publicBase) {
            case .success(let bytes): marker = Self.lastRead(in: bytes)
            case .failure(let refusal) where refusal.isTrouble: return .refused(refusal.response)
            // Without markers the two days bound it.
            case .failure: break
            }
        }
        var choice = HomeChoice(kind, reader: person.accountID, marker: marker, now: clock())
        var page = Page()
        // Upwards for `min_id`, downwards otherwise.
        var cursor = asked.takesNext ? asked.above : asked.below
        for number in 0..<Self.mostPages {
            // The first page costs what the client's own request would.
            if number > 0, !budget.spend(1, for: person.token, at: clock()) { break }
            let direction = asked.takesNext ? "min_id" : "max_id"
            let query = "limit=\(Self.pageLength)" + (cursor.map { "&\(direction)=" + QueryString.encoded($0.text) } ?? "")
            let bytes: [UInt8]
            switch await fetch("/api/v1/timelines/home?" + query, request, person, publicBase) {
            case .failure(let refusal):
                guard number > 0, !page.ids.isEmpty else { return .refused(refusal.response) }
                return .page(finished(page, asked, goesOnAt: cursor))
            case .success(let answer): bytes = answer
            }
            guard let entries = try? HomeEntry.page(bytes) else {
                return .refused(Failures.sentence("the instance gave an answer that was not understood", status: 502))
            }
            if entries.isEmpty { return .page(finished(page, asked, goesOnAt: nil)) }
            for entry in asked.takesNext ? entries.reversed() : entries {
                let position = PositionID(entry.id)
                if asked.takesNext, asked.below.map({ position >= $0 }) ?? false { return .page(finished(page, asked, goesOnAt: nil)) }
                if !asked.takesNext, asked.above.map({ position <= $0 }) ?? false || choice.isOver(at: entry) {
                    return .page(finished(page, asked, goesOnAt: nil))
                }
                guard !choice.isOver(at: entry), choice.takes(entry) else { continue }
                page.entries.append(Array(bytes[entry.range]))
                page.ids.append(entry.id)
                if page.ids.count == asked.limit { return .page(finished(page, asked, goesOnAt: position)) }
            }
            cursor = PositionID(asked.takesNext ? entries[0].id : entries[entries.count - 1].id)
        }
        // Far below the top there may be nothing to choose: who asks upwards would ask the same for ever, so they get the newest there are.
        if asked.takesNext, page.ids.isEmpty {
            return await self.page(of: kind, asked.fromTheTop, for: person, behind: request, publicBase: publicBase)
        }
        return .page(finished(page, asked, goesOnAt: cursor))
    }

    /// - Parameter cursor: how far home was read; nil where there is no more of it in this direction.
    private func finished(_ page: Page, _ asked: ListPage, goesOnAt cursor: PositionID?) -> Page {
        var page = page
        if asked.takesNext {
            page.entries.reverse()
            page.ids.reverse()
            page.next = page.ids.last
        } else {
            page.next = cursor?.text
        }
        return page
    }

    private struct Refusal: Error {
        let response: ServerResponse
        /// Whether another question would fare no better.
        var isTrouble: Bool { response.status == 401 || response.status == 429 || response.status >= 500 }
    }

    private func fetch(_ target: String, _ request: ServerRequest, _ person: SignedIn.Person, _ publicBase: String) async -> Result<[UInt8], Refusal> {
        var outgoing = passThrough.outgoing(request, target: target)
        // A HEAD request gets the head that GET would get.
        outgoing.method = "GET"
        outgoing.fields[.acceptEncoding] = DecodedPage.acceptable(request.fields[.acceptEncoding])
        for name in [HTTPField.Name.ifNoneMatch, .ifModifiedSince, .range] { outgoing.fields[name] = nil }
        outgoing.limits.bodyBytes = DecodedPage.limit
        do throws(CurlError) {
            let answer = try await passThrough.client.fetch(outgoing)
            if let remaining = answer.fields[.rateLimitRemaining].flatMap({ Int($0) }) {
                budget.observe(remaining: remaining, for: person.token, at: clock())
            }
            guard answer.status == 200 else {
                return .failure(Refusal(response: ServerResponse(
                    status: answer.status, fields: passThrough.fields(of: answer.fields, publicBase: publicBase), body: .bytes(answer.body))))
            }
            guard let page = try? DecodedPage(answer) else {
                return .failure(Refusal(response: Failures.sentence("the instance gave an answer that was not understood", status: 502)))
            }
            return .success(page.bytes)
        } catch {
            return .failure(Refusal(response: Failures.answer(error)))
        }
    }

    /// `{"home":{"last_read_id":"…",…}}`; nil where nothing was read yet.
    private static func lastRead(in bytes: [UInt8]) -> PositionID? {
        try? bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer)
            var found: PositionID?
            var markers = try scanner.enterObject()
            while let name = try scanner.nextKey(&markers) {
                guard name == "home" else {
                    try scanner.skip()
                    continue
                }
                var marker = try scanner.enterObject()
                while let key = try scanner.nextKey(&marker) {
                    if key == "last_read_id" { found = PositionID(try scanner.identifier().string(in: buffer)) } else { try scanner.skip() }
                }
            }
            return found
        }
    }
}
