/// Accounts and relationships out of an instance's JSON.
///
/// What a server does not say about consent counts as the stricter answer: an account without `locked`, `bot` or `group` is
/// taken as all of them, for a missing sign is a refusal (the candidate rules).
public enum AccountReader {
    public static func account(in bytes: UnsafeRawBufferPointer) throws(JSONError) -> Account {
        var scanner = JSONScanner(bytes)
        let account = try read(&scanner)
        try scanner.finish()
        return account
    }

    public static func account(in bytes: [UInt8]) throws(JSONError) -> Account {
        try withBytes(of: bytes) { (buffer) throws(JSONError) in try account(in: buffer) }
    }

    static func read(_ scanner: inout JSONScanner) throws(JSONError) -> Account {
        var id: String?
        var uri: String?
        var url: String?
        var account = Account(id: "", uri: "", locked: true, bot: true, group: true)
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": id = try scanner.identifier().string(in: scanner.bytes)
            case "uri": uri = try scanner.stringOrNull()
            case "url": url = try scanner.stringOrNull()
            case "acct": account.acct = try scanner.stringOrNull() ?? ""
            case "display_name": account.displayName = try scanner.stringOrNull() ?? ""
            case "note": account.note = try scanner.stringOrNull() ?? ""
            case "fields": account.fields = try fields(&scanner)
            case "discoverable": account.discoverable = try scanner.boolOrNull()
            case "indexable": account.indexable = try scanner.boolOrNull()
            case "noindex": account.noindex = try scanner.boolOrNull()
            case "searchable_by", "searchableBy": account.searchableBy = try audience(&scanner)
            case "locked": account.locked = try scanner.boolOrNull() ?? true
            case "bot": account.bot = try scanner.boolOrNull() ?? true
            case "group": account.group = try scanner.boolOrNull() ?? true
            case "suspended": account.suspended = try scanner.boolOrNull() ?? false
            case "limited": account.limited = try scanner.boolOrNull() ?? false
            case "memorial": account.memorial = try scanner.boolOrNull() ?? false
            case "moved": account.moved = try moved(&scanner)
            default: try scanner.skip()
            }
        }
        guard let id else { throw .missingMember("id", offset: scanner.offset) }
        // GoToSocial and Mastodon before 4.2 show no uri.
        guard let address = uri.flatMap({ $0.isEmpty ? nil : $0 }) ?? url, !address.isEmpty else {
            throw .missingMember("uri", offset: scanner.offset)
        }
        account.id = id
        account.uri = address
        return account
    }

    /// FEP-268d: a collection's address or a list of them.
    static func audience(_ scanner: inout JSONScanner) throws(JSONError) -> [String]? {
        if try scanner.takeNull() { return nil }
        if scanner.peek() == UInt8(ascii: "\"") { return [try scanner.string()] }
        var array = try scanner.enterArray()
        var addresses: [String] = []
        while try scanner.nextElement(&array) { addresses.append(try scanner.string()) }
        return addresses
    }

    private static func fields(_ scanner: inout JSONScanner) throws(JSONError) -> [String] {
        if try scanner.takeNull() { return [] }
        var texts: [String] = []
        var array = try scanner.enterArray()
        while try scanner.nextElement(&array) {
            var field = try scanner.enterObject()
            while let key = try scanner.nextKey(&field) {
                switch key {
                case "name", "value": texts.append(try scanner.stringOrNull() ?? "")
                default: try scanner.skip()
                }
            }
        }
        return texts
    }

    /// The account that this one moved to, as an object; null or false where it did not.
    private static func moved(_ scanner: inout JSONScanner) throws(JSONError) -> Bool {
        switch scanner.peek() {
        case UInt8(ascii: "n"): return try !scanner.takeNull()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return try scanner.bool()
        default:
            try scanner.skip()
            return true
        }
    }
}

/// How the person who asks stands to an account.
public struct Relationship: Sendable, Hashable {
    public var id: String
    public var blocking: Bool
    public var blockedBy: Bool
    public var muting: Bool
    public var domainBlocking: Bool
    public var following: Bool
    public var showingReblogs: Bool

    public init(
        id: String, blocking: Bool = false, blockedBy: Bool = false, muting: Bool = false, domainBlocking: Bool = false,
        following: Bool = false, showingReblogs: Bool = false
    ) {
        self.id = id
        self.blocking = blocking
        self.blockedBy = blockedBy
        self.muting = muting
        self.domainBlocking = domainBlocking
        self.following = following
        self.showingReblogs = showingReblogs
    }

    /// Whether nothing stands between the two: no block in either direction, no mute, no blocked domain.
    public var isUnhindered: Bool { !blocking && !blockedBy && !muting && !domainBlocking }

    /// The answer of `GET /api/v1/accounts/relationships`.
    ///
    /// A missing `blocking` or `muting` counts as true, for every server has them; a missing `blocked_by` or
    /// `domain_blocking` as false: snac never sends the former.
    public static func list(in bytes: UnsafeRawBufferPointer) throws(JSONError) -> [Relationship] {
        var scanner = JSONScanner(bytes)
        var array = try scanner.enterArray()
        var list: [Relationship] = []
        while try scanner.nextElement(&array) { list.append(try Relationship(&scanner)) }
        try scanner.finish()
        return list
    }

    public static func list(in bytes: [UInt8]) throws(JSONError) -> [Relationship] {
        try withBytes(of: bytes) { (buffer) throws(JSONError) in try list(in: buffer) }
    }

    private init(_ scanner: inout JSONScanner) throws(JSONError) {
        var id: String?
        var relationship = Relationship(id: "", blocking: true, muting: true)
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": id = try scanner.identifier().string(in: scanner.bytes)
            case "blocking": relationship.blocking = try scanner.boolOrNull() ?? true
            case "blocked_by": relationship.blockedBy = try scanner.boolOrNull() ?? false
            case "muting": relationship.muting = try scanner.boolOrNull() ?? true
            case "domain_blocking": relationship.domainBlocking = try scanner.boolOrNull() ?? false
            case "following": relationship.following = try scanner.boolOrNull() ?? false
            case "showing_reblogs": relationship.showingReblogs = try scanner.boolOrNull() ?? false
            default: try scanner.skip()
            }
        }
        guard let id else { throw .missingMember("id", offset: scanner.offset) }
        self = relationship
        self.id = id
    }
}
