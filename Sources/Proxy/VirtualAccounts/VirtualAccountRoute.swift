/// What a request asks of virtual accounts, and so which answer is ours to give: their ids never reach upstream.
enum VirtualAccountRoute: Sendable, Equatable {
    /// Some of the accounts in a list of ids are ours.
    struct Mixed: Sendable, Equatable {
        /// All ids, in the order of the question.
        var asked: [String]
        var ours: [String]
        /// The question for the others; nil when none is left.
        var forward: ClientRequest?
    }

    enum Act: Sendable, Equatable {
        /// Less of this reason: for a time (seconds), or until it is taken back.
        case less(seconds: Int?)
        /// Less of this reason, by a mute: the relationship says `muting`.
        case mute(seconds: Int?)
        case more
        /// Recommendations in home off, and on again.
        case block, unblock
    }

    case account(id: String)
    /// `accounts/lookup`, by the part of the handle after `sheltie-`.
    case handle(short: String)
    case accounts(Mixed)
    case relationships(Mixed)
    /// An entry without accounts for each of ours.
    case familiarFollowers(Mixed)
    /// The account's handle or address was searched for. Version 1, 2, or nil for `accounts/search`.
    case search(short: String, version: Int?)
    /// This reader's wrappers with that reason; `nothing` where only pinned ones or media are asked for.
    case statuses(id: String, nothing: Bool)
    /// An empty array.
    case empty
    case act(id: String, Act)
    /// 422: what cannot be done with a virtual account.
    case refused
    case notFound

    /// - Parameter authority: our own host and port, which handles end with.
    /// - Returns: nil where no virtual account is named: the request is none of ours.
    init?(_ request: ClientRequest, authority: String) {
        let segments = request.segments
        guard segments.count >= 3, segments[0] == "api" else { return nil }
        let reads = request.method == "GET" || request.method == "HEAD"
        let isAccounts = segments[1] == "v1" && segments[2] == "accounts"
        if let index = segments.firstIndex(where: { Self.isID($0) }) {
            guard isAccounts, index == 3 else {
                // Adding to a list is refused with a reason; elsewhere there is no such account.
                self = .notFound
                return
            }
            self = Self.ownPath(request, id: String(segments[3]), action: segments.dropFirst(4), reads: reads)
            return
        }
        let found: VirtualAccountRoute? =
            switch segments.dropFirst(2).joined(separator: "/") {
            case "accounts" where reads: Self.mixed(request).map { .accounts($0) }
            case "accounts/relationships" where reads: Self.mixed(request).map { .relationships($0) }
            case "accounts/familiar_followers" where reads: Self.mixed(request).map { .familiarFollowers($0) }
            case "accounts/lookup" where reads: Self.value("acct", of: request).flatMap { Self.short(in: $0, authority) }.map { .handle(short: $0) }
            case "accounts/search" where reads: Self.searched(request, authority).map { .search(short: $0, version: nil) }
            case "search" where reads: Self.searched(request, authority).map { .search(short: $0, version: segments[1] == "v1" ? 1 : 2) }
            case "reports" where !reads: Self.names(["account_id"], in: request) ? .refused : nil
            default:
                if !reads, segments.count == 5, segments[2] == "lists", segments[4] == "accounts", Self.names(["account_ids"], in: request) {
                    .refused
                } else {
                    nil
                }
            }
        guard let found else { return nil }
        self = found
    }

    /// Whether the body has to be read to know: reports, lists, and the two acts that carry a choice.
    static func readsBody(method: String, path: String) -> Bool {
        guard method != "GET", method != "HEAD" else { return false }
        let segments = path.split(separator: "/")
        guard segments.count >= 3, segments[0] == "api", segments[1] == "v1" else { return false }
        if segments[2] == "reports" { return segments.count == 3 }
        if segments[2] == "lists" { return segments.count == 5 && segments[4] == "accounts" }
        return segments[2] == "accounts" && segments.count == 5 && isID(segments[3]) && ["follow", "mute"].contains(segments[4])
    }

    static func isID(_ text: some StringProtocol) -> Bool {
        text.hasPrefix(VirtualAccount.idPrefix)
            && isSeal(text.dropFirst(VirtualAccount.idPrefix.count), length: VirtualAccount.sealLength)
    }

    private static func isSeal(_ text: some StringProtocol, length: Int) -> Bool {
        text.utf8.count == length && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x32...0x37).contains($0) }
    }

    private static func ownPath(_ request: ClientRequest, id: String, action: ArraySlice<Substring>, reads: Bool) -> VirtualAccountRoute {
        guard let word = action.first else { return reads ? .account(id: id) : .notFound }
        if reads {
            switch word {
            case "statuses":
                let fields = RequestFields.all(of: request)
                return .statuses(id: id, nothing: fields.contains { ["pinned", "only_media"].contains($0.path[0]) && isTrue($0.value) })
            case "followers", "following", "lists", "featured_tags", "endorsements", "identity_proofs", "collections", "in_collections":
                return .empty
            default: return .notFound
            }
        }
        switch word {
        case "follow":
            let reblogs = RequestFields.all(of: request).last { $0.path == ["reblogs"] }
            return .act(id: id, reblogs.map { isTrue($0.value) } ?? true ? .more : .less(seconds: nil))
        case "unfollow": return .act(id: id, .less(seconds: nil))
        case "mute":
            let seconds = RequestFields.all(of: request).last { $0.path == ["duration"] }.flatMap { Int($0.value) }
            return .act(id: id, .mute(seconds: seconds.flatMap { $0 > 0 ? $0 : nil }))
        case "unmute": return .act(id: id, .more)
        case "block": return .act(id: id, .block)
        case "unblock": return .act(id: id, .unblock)
        default: return .refused
        }
    }

    private static func mixed(_ request: ClientRequest) -> Mixed? {
        let asked = RequestFields.all(of: request).filter { $0.path == ["id"] }.map(\.value)
        let ours = asked.filter { isID($0) }
        guard !ours.isEmpty, let query = request.query else { return nil }
        var rest = request
        rest.query = FormFields.removing(from: query) { path, value in path == ["id"] && isID(value) }
        return Mixed(asked: asked, ours: ours, forward: ours.count == asked.count ? nil : rest)
    }

    private static func names(_ path: [String], in request: ClientRequest) -> Bool {
        RequestFields.all(of: request).contains { $0.path == path && isID($0.value) }
    }

    private static func value(_ name: String, of request: ClientRequest) -> String? {
        RequestFields.all(of: request).last { $0.path == [name] }?.value
    }

    private static func searched(_ request: ClientRequest, _ authority: String) -> String? {
        value("q", of: request).flatMap { short(in: $0, authority) }
    }

    /// The short seal in a handle (`sheltie-…@host`, also with an @ in front) or in an account's address.
    private static func short(in text: String, _ authority: String) -> String? {
        var rest = text.drop { $0 == " " || $0 == "@" }
        while rest.last == " " { rest = rest.dropLast() }
        let short: Substring
        if let address = ["https://", "http://"].lazy.map({ $0 + authority + "/sheltie/reasons/" }).first(where: { rest.hasPrefix($0) }) {
            short = rest.dropFirst(address.count)
        } else {
            guard rest.hasPrefix(VirtualAccount.handlePrefix), rest.lowercased().hasSuffix("@" + authority.lowercased()) else { return nil }
            short = rest.dropFirst(VirtualAccount.handlePrefix.count).dropLast(authority.count + 1)
        }
        return isSeal(short, length: VirtualAccount.shortLength) ? String(short) : nil
    }

    /// What Rails takes for true.
    private static func isTrue(_ value: String) -> Bool {
        !["false", "0", "f", "off", "no", "null", ""].contains(value.lowercased())
    }
}
