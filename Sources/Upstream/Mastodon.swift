public import Curl
public import Fediverse
import HTTPTypes
import Synchronization
import Zlib

/// The calls that we make to an instance ourselves: in a person's name for what only their eyes may judge, and
/// without a name for what is public.
public final class Mastodon: Sendable {
    public let instance: Instance
    private let client: CurlClient
    private let userAgent: String
    private let limits: CurlRequest.Limits
    private let clock: @Sendable () -> Instant
    private let obeysRobots: Bool
    /// Whether the instance answers several ids in one request (Mastodon 4.3); nil until it was asked.
    private let batches = Mutex<(answered: Bool, until: Instant)?>(nil)
    /// A server that does not know several ids today may be another version tomorrow.
    private static let batchesKnown = Instant.Span.hours(1)

    private var readsInBatches: Bool? {
        let now = clock()
        return batches.withLock { $0.flatMap { now < $0.until ? $0.answered : nil } }
    }

    private func note(batches answered: Bool) {
        let until = clock() + Self.batchesKnown
        batches.withLock { $0 = (answered, until) }
    }
    /// Whether it answers for several accounts in one request; believed until it does not.
    private let relatesInBatches = Mutex(true)

    /// Whether it is known to answer several ids in one request.
    public var asksInBatches: Bool { readsInBatches == true }

    /// - Parameters:
    ///   - userAgent: product, version and the operator's contact, as instances expect of whoever reads them.
    ///   - obeysRobots: whether `X-Robots-Tag` counts, which speaks to strangers.
    public init(
        instance: Instance, client: CurlClient, userAgent: String, limits: CurlRequest.Limits = CurlRequest.Limits(), obeysRobots: Bool = true,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.instance = instance
        self.client = client
        self.userAgent = userAgent
        self.limits = limits
        self.obeysRobots = obeysRobots
        self.clock = clock
    }

    /// Whose token this is.
    public func verifyCredentials(authorization: String) async throws -> Account {
        let answer = try await get("/api/v1/accounts/verify_credentials", authorization: authorization)
        do { return try AccountReader.account(in: answer.body) } catch { throw UpstreamError.notUnderstood }
    }

    /// The statuses among `ids` that the token's owner (or, without one, everybody) may see, each with its own bytes as the instance sent them.
    public func statuses(_ ids: [String], authorization: String?) async throws -> [ShownStatus] {
        guard !ids.isEmpty else { return [] }
        if ids.count > 1, readsInBatches != false {
            let query = ids.map { "id%5B%5D=" + QueryString.encoded($0) }.joined(separator: "&")
            do {
                let answer = try await get("/api/v1/statuses?" + query, authorization: authorization)
                let statuses = try shown(answer.body, mayBeKept: mayBeKept(answer))
                note(batches: true)
                return statuses
            } catch UpstreamError.status(let status, _) where [404, 405, 501].contains(status) {
                note(batches: false)
            }
        }
        return try await withThrowingTaskGroup(of: ShownStatus?.self) { group in
            for id in ids { group.addTask { try await self.status(id, authorization: authorization) } }
            var found: [ShownStatus] = []
            for try await status in group { if let status { found.append(status) } }
            return found
        }
    }

    /// How many requests `statuses` needs for so many ids: what a person's budget is charged.
    public func requestsNeeded(forStatuses count: Int) -> Int {
        guard count > 1 else { return count }
        return switch readsInBatches {
        case true?: 1
        case false?: count
        // The first question may find out that there are no batches.
        case nil: count + 1
        }
    }

    /// One status; nil when the instance says that it is gone or not for this person.
    public func status(_ id: String, authorization: String?) async throws -> ShownStatus? {
        do {
            let answer = try await get("/api/v1/statuses/" + QueryString.encoded(id), authorization: authorization)
            do {
                return ShownStatus(status: try StatusReader.status(in: answer.body), bytes: answer.body, mayBeKept: mayBeKept(answer))
            } catch {
                throw UpstreamError.notUnderstood
            }
        } catch UpstreamError.status(404, _), UpstreamError.status(403, _), UpstreamError.status(410, _) {
            return nil
        }
    }

    /// How the token's owner stands to these accounts.
    ///
    /// snac answers for the first id only, whatever is asked: the others are then asked one by one, there from now on all of them.
    public func relationships(to accountIDs: [String], authorization: String) async throws -> [Relationship] {
        guard accountIDs.count > 1 else { return try await relationship(to: accountIDs[...], authorization: authorization) }
        var found: [Relationship] = []
        var rest = accountIDs
        if relatesInBatches.withLock({ $0 }) {
            found = try await relationship(to: accountIDs[...], authorization: authorization)
            let answered = Set(found.map(\.id))
            rest.removeAll(where: answered.contains)
            // Mastodon leaves out what it does not know: only an answer for one alone is taken for that of a server like snac.
            guard !rest.isEmpty, found.count == 1 else { return found }
        }
        try await withThrowingTaskGroup(of: [Relationship].self) { group in
            for id in rest { group.addTask { try await self.relationship(to: [id], authorization: authorization) } }
            for try await one in group {
                if !one.isEmpty { relatesInBatches.withLock { $0 = false } }
                found += one
            }
        }
        return found
    }

    /// How many requests `relationships` needs for so many accounts.
    public func requestsNeeded(forRelationships count: Int) -> Int {
        count == 0 ? 0 : relatesInBatches.withLock { $0 } ? 1 : count
    }

    private func relationship(to accountIDs: ArraySlice<String>, authorization: String) async throws -> [Relationship] {
        guard !accountIDs.isEmpty else { return [] }
        let query = accountIDs.map { "id%5B%5D=" + QueryString.encoded($0) }.joined(separator: "&")
        let answer = try await get("/api/v1/accounts/relationships?" + query, authorization: authorization)
        do { return try Relationship.list(in: answer.body) } catch { throw UpstreamError.notUnderstood }
    }

    /// One page of a public timeline, read without a name.
    /// - Parameter path: with its query, as `/api/v1/timelines/public?limit=40`.
    public func page(_ path: String) async throws -> StatusPage {
        let answer = try await get(path, authorization: nil)
        do {
            let read = try StatusReader.page(in: answer.body)
            return StatusPage(
                statuses: read.statuses.map(\.status), malformed: read.skipped,
                next: answer.fields[.link].flatMap { LinkHeader(parsing: $0).url(rel: "next") }, rateLimit: RateLimit(answer.fields, at: clock()),
                mayBeKept: mayBeKept(answer))
        } catch {
            throw UpstreamError.notUnderstood
        }
    }

    /// The account that an author is known by at this instance, read without a name; nil where it knows none.
    public func account(_ name: AuthorName) async throws -> Account? {
        guard let acct = name.acct(at: instance.domain) else { return nil }
        do {
            let answer = try await get("/api/v1/accounts/lookup?acct=" + QueryString.encoded(acct), authorization: nil)
            do { return try AccountReader.account(in: answer.body) } catch { throw UpstreamError.notUnderstood }
        } catch UpstreamError.status(404, _), UpstreamError.status(410, _) {
            return nil
        }
    }

    /// What an account has posted lately, for everybody to see.
    public func recentStatuses(ofAccount id: String) async throws -> [Status] {
        try await page("/api/v1/accounts/" + QueryString.encoded(id) + "/statuses?limit=20&exclude_reblogs=true").statuses
    }

    /// The domains that the instance limits or suspends; nil where it does not tell.
    public func domainBlocks() async throws -> [DomainBlock]? {
        do {
            let answer = try await get("/api/v1/instance/domain_blocks", authorization: nil)
            do { return try DomainBlock.list(in: answer.body) } catch { throw UpstreamError.notUnderstood }
        } catch UpstreamError.status(let status, _) where [401, 403, 404, 405, 410, 422, 501].contains(status) {
            return nil
        }
    }

    private func mayBeKept(_ answer: Answer) -> Bool {
        guard obeysRobots else { return true }
        let agent = String(userAgent.prefix { $0 != "/" })
        return !answer.fields[values: .xRobotsTag].contains { RobotsTag.refuses($0, agent: agent) }
    }

    /// A small text at the instance's root: `robots.txt`. nil when there is none (404 and 410 allow everything).
    public func text(_ path: String) async throws -> String? {
        do {
            return String(decoding: try await get(path, authorization: nil, accept: "text/plain").body, as: UTF8.self)
        } catch UpstreamError.status(404, _), UpstreamError.status(410, _) {
            return nil
        }
    }

    private struct Answer {
        let fields: HTTPFields
        let body: [UInt8]
    }

    private func get(_ path: String, authorization: String?, accept: String = "application/json") async throws -> Answer {
        var fields: HTTPFields = [.accept: accept, .userAgent: userAgent, .acceptEncoding: "gzip"]
        if let authorization { fields[.authorization] = authorization }
        let response: CurlResponse
        var body: [UInt8]
        do throws(CurlError) {
            response = try await client.send(CurlRequest(url: instance.base + path, fields: fields, limits: limits))
            body = try await response.body.collect()
        } catch {
            throw UpstreamError.transport(error)
        }
        guard response.status == 200 else {
            throw UpstreamError.status(response.status, retryAfter: RateLimit(response.fields, at: clock()).retryAfter)
        }
        if let encoding = response.fields[.contentEncoding], encoding != "identity" {
            guard encoding == "gzip" || encoding == "x-gzip", let plain = try? gunzip(body, limit: limits.bodyBytes ?? 8 << 20) else {
                throw UpstreamError.notUnderstood
            }
            body = plain
        }
        return Answer(fields: response.fields, body: body)
    }

    private func shown(_ body: [UInt8], mayBeKept: Bool) throws -> [ShownStatus] {
        do {
            return try StatusReader.statuses(in: body).map { ShownStatus(status: $0.status, bytes: Array(body[$0.range]), mayBeKept: mayBeKept) }
        } catch {
            throw UpstreamError.notUnderstood
        }
    }
}

/// A status with the bytes in which the instance showed it: what a page may carry.
public final class ShownStatus: Sendable {
    public let status: Status
    public let bytes: [UInt8]
    /// False where the answer's `X-Robots-Tag` refuses.
    public let mayBeKept: Bool

    public init(status: Status, bytes: [UInt8], mayBeKept: Bool = true) {
        self.status = status
        self.bytes = bytes
        self.mayBeKept = mayBeKept
    }
}

/// One page of statuses and what the instance said about the next.
public struct StatusPage: Sendable {
    public let statuses: [Status]
    /// Entries of the page that were no status in a form that we know.
    public let malformed: Int
    /// The address of the next page.
    public let next: String?
    public let rateLimit: RateLimit
    /// False where the answer's `X-Robots-Tag` refuses.
    public var mayBeKept = true
}
