/// One status of a page where it stands: what placing recommendations needs, nothing decoded.
public struct PageEntry: Sendable, Hashable {
    /// The whole status, from brace to brace.
    public var range: Range<Int>
    /// The id that timelines page by; for a reblog the wrapper's.
    public var id: JSONText
    public var createdAt: JSONText
    public var uri: JSONText?
    public var accountID: JSONText?
    public var visibility: JSONText?
    /// What the status passes on, where it is a reblog.
    public var inner: Inner?
    /// Ids and addresses of the statuses that this one or `inner` quotes.
    public var quoted: [JSONText] = []

    public struct Inner: Sendable, Hashable {
        public var range: Range<Int>
        public var id: JSONText
        public var uri: JSONText?
        public var accountID: JSONText?
    }
}

/// A page of statuses cut into its elements in one pass, with every byte kept: the way to reorder or add to a page.
public struct StatusSlices: Sendable {
    public let bytes: [UInt8]
    /// In the page's order.
    public let entries: [PageEntry]

    /// - Throws: for anything that is not an array of objects with `id` and `created_at`: such a page is passed on untouched.
    public init(_ bytes: [UInt8]) throws(JSONError) {
        entries = try withBytes(of: bytes) { (buffer) throws(JSONError) in try Self.entries(in: buffer) }
        self.bytes = bytes
    }

    /// The text that an entry points to.
    public func string(_ text: JSONText) -> String {
        bytes.withUnsafeBytes { text.string(in: $0) }
    }

    /// A status's own bytes.
    public subscript(entry: PageEntry) -> ArraySlice<UInt8> { bytes[entry.range] }

    public static func entries(in bytes: UnsafeRawBufferPointer) throws(JSONError) -> [PageEntry] {
        var scanner = JSONScanner(bytes)
        var array = try scanner.enterArray()
        var entries: [PageEntry] = []
        entries.reserveCapacity(40)
        while try scanner.nextElement(&array) { entries.append(try entry(&scanner)) }
        try scanner.finish()
        return entries
    }

    private static func entry(_ scanner: inout JSONScanner) throws(JSONError) -> PageEntry {
        scanner.skipSpace()
        let start = scanner.offset
        var id: JSONText?
        var createdAt: JSONText?
        var uri: JSONText?
        var accountID: JSONText?
        var visibility: JSONText?
        var inner: PageEntry.Inner?
        var quoted: [JSONText] = []
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": id = try scanner.identifier()
            case "uri": uri = try scanner.takeNull() ? nil : scanner.text()
            case "created_at": createdAt = try scanner.text()
            case "account": accountID = try accountIdentifier(&scanner)
            case "visibility": visibility = try scanner.takeNull() ? nil : scanner.text()
            case "reblog": inner = try scanner.takeNull() ? nil : self.inner(&scanner, &quoted)
            case "quote", "quoted_status", "quote_id", "quoted_status_id": try quote(&scanner, &quoted)
            default: try scanner.skip()
            }
        }
        guard let id else { throw .missingMember("id", offset: scanner.offset) }
        guard let createdAt else { throw .missingMember("created_at", offset: scanner.offset) }
        return PageEntry(
            range: start..<scanner.offset, id: id, createdAt: createdAt, uri: uri, accountID: accountID, visibility: visibility, inner: inner,
            quoted: quoted)
    }

    private static func inner(_ scanner: inout JSONScanner, _ quoted: inout [JSONText]) throws(JSONError) -> PageEntry.Inner {
        scanner.skipSpace()
        let start = scanner.offset
        var id: JSONText?
        var uri: JSONText?
        var accountID: JSONText?
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": id = try scanner.identifier()
            case "uri": uri = try scanner.takeNull() ? nil : scanner.text()
            case "account": accountID = try accountIdentifier(&scanner)
            case "quote", "quoted_status", "quote_id", "quoted_status_id": try quote(&scanner, &quoted)
            default: try scanner.skip()
            }
        }
        guard let id else { throw .missingMember("id", offset: scanner.offset) }
        return PageEntry.Inner(range: start..<scanner.offset, id: id, uri: uri, accountID: accountID)
    }

    /// Mastodon sends `quote` with `quoted_status` or `quoted_status_id` in it; others the status itself as `quote`, or `quote_id`.
    /// A quote of a form that nobody sends is passed over.
    private static func quote(_ scanner: inout JSONScanner, _ quoted: inout [JSONText]) throws(JSONError) {
        var value = scanner
        try scanner.skip()
        if let id = try? value.identifier() { return quoted.append(id) }
        guard value.peek() == UInt8(ascii: "{") else { return }
        var object = try value.enterObject()
        while let key = try value.nextKey(&object) {
            var member = value
            try value.skip()
            switch key {
            case "id", "quoted_status_id": if let id = try? member.identifier() { quoted.append(id) }
            case "uri": if let uri = try? member.text() { quoted.append(uri) }
            case "quoted_status": try quote(&member, &quoted)
            default: break
            }
        }
    }

    private static func accountIdentifier(_ scanner: inout JSONScanner) throws(JSONError) -> JSONText? {
        if try scanner.takeNull() { return nil }
        var id: JSONText?
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": id = try scanner.identifier()
            default: try scanner.skip()
            }
        }
        return id
    }
}
