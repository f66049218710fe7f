/// A status and where its JSON stands, so that the bytes can be passed on as they came.
public struct ReadStatus: Sendable, Equatable {
    public var status: Status
    public var range: Range<Int>

    public init(status: Status, range: Range<Int>) {
        self.status = status
        self.range = range
    }
}

/// Statuses out of an instance's JSON: only the members of `Status`, in the shapes of Mastodon, GoToSocial, snac and their kin.
///
/// What a server does not say about consent counts as the stricter answer: no `visibility` is `direct`, no `sensitive` or
/// `spoiler_text` is sensitive, no `mentions` is one mention, no `in_reply_to_id` is a reply to an unnamed status (null says
/// that there is none). A key that stands twice counts as the last one says.
public enum StatusReader {
    /// A page, every status of it.
    /// - Throws: also when one status is not understood.
    public static func statuses(in bytes: UnsafeRawBufferPointer) throws(JSONError) -> [ReadStatus] {
        var scanner = JSONScanner(bytes)
        var array = try scanner.enterArray()
        var statuses: [ReadStatus] = []
        while try scanner.nextElement(&array) {
            scanner.skipSpace()
            let start = scanner.offset
            let status = try read(&scanner)
            statuses.append(ReadStatus(status: status, range: start..<scanner.offset))
        }
        try scanner.finish()
        return statuses
    }

    public static func statuses(in bytes: [UInt8]) throws(JSONError) -> [ReadStatus] {
        try withBytes(of: bytes) { (buffer) throws(JSONError) in try statuses(in: buffer) }
    }

    /// A page for ingest: elements that are no status as we understand it are left out and counted.
    /// - Throws: when the page as a whole is not JSON, not an array, or past a limit.
    public static func page(in bytes: UnsafeRawBufferPointer) throws(JSONError) -> (statuses: [ReadStatus], skipped: Int) {
        var scanner = JSONScanner(bytes)
        var array = try scanner.enterArray()
        var statuses: [ReadStatus] = []
        var skipped = 0
        while try scanner.nextElement(&array) {
            scanner.skipSpace()
            let start = scanner.offset
            if let status = try readOrSkip(&scanner) {
                statuses.append(ReadStatus(status: status, range: start..<scanner.offset))
            } else {
                skipped += 1
            }
        }
        try scanner.finish()
        return (statuses, skipped)
    }

    public static func page(in bytes: [UInt8]) throws(JSONError) -> (statuses: [ReadStatus], skipped: Int) {
        try withBytes(of: bytes) { (buffer) throws(JSONError) in try page(in: buffer) }
    }

    public static func status(in bytes: UnsafeRawBufferPointer) throws(JSONError) -> Status {
        var scanner = JSONScanner(bytes)
        let status = try read(&scanner)
        try scanner.finish()
        return status
    }

    public static func status(in bytes: [UInt8]) throws(JSONError) -> Status {
        try withBytes(of: bytes) { (buffer) throws(JSONError) in try status(in: buffer) }
    }

    /// The next value as a status; where it is none, nil, and it has been passed over.
    private static func readOrSkip(_ scanner: inout JSONScanner) throws(JSONError) -> Status? {
        let before = scanner
        do throws(JSONError) {
            return try read(&scanner)
        } catch {
            guard error.isAboutMeaning else { throw error }
            scanner = before
            try scanner.skip()
            return nil
        }
    }

    static func read(_ scanner: inout JSONScanner) throws(JSONError) -> Status {
        var id: String?
        var uri: String?
        var url: String?
        var createdAt: Instant?
        var account: Account?
        var mentioned: [String] = [""]
        var sensitive: Bool?
        var spoilerText: String?
        var quotesUnseen = false
        var status = Status(
            id: "", uri: "", createdAt: Instant(microseconds: 0), account: Account(id: "", uri: ""), visibility: .direct, inReplyToID: "")
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": id = try scanner.identifier().string(in: scanner.bytes)
            case "uri": uri = try scanner.stringOrNull()
            case "url": url = try scanner.stringOrNull()
            case "created_at": createdAt = try instant(&scanner)
            case "edited_at": status.editedAt = try scanner.takeNull() ? nil : instant(&scanner)
            case "account": account = try AccountReader.read(&scanner)
            case "content": status.content = try scanner.stringOrNull() ?? ""
            case "spoiler_text": spoilerText = try scanner.stringOrNull()
            case "visibility": status.visibility = Visibility(word: try scanner.stringOrNull() ?? "")
            case "sensitive": sensitive = try scanner.boolOrNull()
            case "language":
                let code = try scanner.stringOrNull() ?? ""
                status.language = code.isEmpty ? nil : code
            case "tags": status.tags = try tags(&scanner)
            case "mentions": mentioned = try mentions(&scanner)
            case "favourites_count": status.favourites = try count(&scanner)
            case "reblogs_count": status.reblogs = try count(&scanner)
            case "replies_count": status.replies = try count(&scanner)
            case "in_reply_to_id": status.inReplyToID = try scanner.takeNull() ? nil : scanner.identifier().string(in: scanner.bytes)
            case "filtered": status.filtered = try holdsElements(&scanner)
            case "searchable_by", "searchableBy": status.searchableBy = try AccountReader.audience(&scanner)
            case "reblog": status.reblog = try scanner.takeNull() ? nil : Status.Boxed(read(&scanner))
            case "quote": status.quote = try scanner.takeNull() ? nil : quote(&scanner)
            // Pleroma's kin name the quoted status beside the quote, also where they do not show it.
            case "quote_id", "quoted_status_id":
                quotesUnseen = try !scanner.takeNull()
                if quotesUnseen { try scanner.skip() }
            default: try scanner.skip()
            }
        }
        guard let id else { throw .missingMember("id", offset: scanner.offset) }
        guard let createdAt else { throw .missingMember("created_at", offset: scanner.offset) }
        guard let account else { throw .missingMember("account", offset: scanner.offset) }
        guard let address = uri.flatMap({ $0.isEmpty ? nil : $0 }) ?? url, !address.isEmpty else {
            throw .missingMember("uri", offset: scanner.offset)
        }
        status.id = id
        status.uri = address
        status.createdAt = createdAt
        status.account = account
        status.spoilerText = spoilerText ?? ""
        status.sensitive = sensitive ?? true || spoilerText == nil
        status.mentions = mentioned.count { $0 != account.id }
        if status.quote == nil, quotesUnseen { status.quote = .hidden }
        return status
    }

    private static func instant(_ scanner: inout JSONScanner) throws(JSONError) -> Instant {
        let start = scanner.offset
        let text = try scanner.text()
        let instant = text.escaped
            ? Instant(iso8601: text.string(in: scanner.bytes)) : Instant(iso8601: UnsafeRawBufferPointer(rebasing: scanner.bytes[text.range]))
        guard let instant else { throw .unexpectedValue(offset: start) }
        return instant
    }

    /// A counter; a server that hides it says null or -1.
    private static func count(_ scanner: inout JSONScanner) throws(JSONError) -> Int {
        try scanner.takeNull() ? 0 : max(0, scanner.integer())
    }

    private static func holdsElements(_ scanner: inout JSONScanner) throws(JSONError) -> Bool {
        if try scanner.takeNull() { return false }
        var array = try scanner.enterArray()
        var found = false
        while try scanner.nextElement(&array) {
            found = true
            try scanner.skip()
        }
        return found
    }

    private static func tags(_ scanner: inout JSONScanner) throws(JSONError) -> [String] {
        if try scanner.takeNull() { return [] }
        var names: [String] = []
        var array = try scanner.enterArray()
        while try scanner.nextElement(&array) {
            var tag = try scanner.enterObject()
            while let key = try scanner.nextKey(&tag) {
                switch key {
                case "name": names.append(Hashtag.folded(try scanner.string()))
                default: try scanner.skip()
                }
            }
        }
        return names.filter { !$0.isEmpty }
    }

    /// The ids of the accounts mentioned; an unnamed one is still one.
    private static func mentions(_ scanner: inout JSONScanner) throws(JSONError) -> [String] {
        if try scanner.takeNull() { return [""] }
        var ids: [String] = []
        var array = try scanner.enterArray()
        while try scanner.nextElement(&array) {
            var id = ""
            var mention = try scanner.enterObject()
            while let key = try scanner.nextKey(&mention) {
                switch key {
                case "id": id = try scanner.takeNull() ? "" : scanner.identifier().string(in: scanner.bytes)
                default: try scanner.skip()
                }
            }
            ids.append(id)
        }
        return ids
    }

    /// A quote in its three forms: with its state and the status, with its state and only an id, or a plain status.
    ///
    /// Any state but `accepted`, and any quoted status that is not shown or not understood, counts as hidden.
    private static func quote(_ scanner: inout JSONScanner) throws(JSONError) -> Status.Quote {
        var probe = scanner
        var object = try probe.enterObject()
        var isWrapped = false
        while let key = try probe.nextKey(&object) {
            switch key {
            case "state", "quoted_status", "quoted_status_id": isWrapped = true
            default: break
            }
            try probe.skip()
        }
        guard isWrapped else { return try readOrSkip(&scanner).map { .shown(Status.Boxed($0)) } ?? .hidden }

        var state: String?
        var quoted: Status?
        object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "state" where scanner.peek() == UInt8(ascii: "\""): state = try scanner.string()
            case "quoted_status": quoted = try readOrSkip(&scanner)
            default: try scanner.skip()
            }
        }
        guard state == "accepted", let quoted else { return .hidden }
        return .shown(Status.Boxed(quoted))
    }
}
