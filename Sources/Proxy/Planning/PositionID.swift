import Fediverse

/// How a server writes the ids that its timelines are ordered by: what a digit is and what comes after it.
///
/// Ids are text of any length, never integers: they exceed 64 bits on most servers.
enum IDAlphabet: Sendable, Equatable, CaseIterable {
    /// Mastodon, Pixelfed, Takahe, Friendica: decimal, without leading zeros.
    case decimal
    /// GoToSocial: 26 characters of Crockford's base 32, the first at most 7 (128 bits).
    case ulid
    /// Pleroma, Akkoma: base 62, digits and letters in the order of ASCII.
    case flake
    /// snac: 42 hex digits, a moment and then a digest.
    case hex

    /// The alphabet of all `ids` together, which must have one length: clients sort by length, then text.
    /// - Returns: nil for no ids, for several lengths and for a form that is not known; then nothing may be inserted.
    init?(of ids: some Sequence<String>) {
        let ids = Array(ids)
        guard let length = ids.first?.utf8.count, length > 0, ids.allSatisfy({ $0.utf8.count == length }) else { return nil }
        // Decimal ids also read as hex or base 62 where the length fits; the narrowest form is the true one.
        let narrowest = [IDAlphabet.decimal, .hex, .ulid, .flake].first { alphabet in ids.allSatisfy { alphabet.admits($0.utf8) } }
        guard let narrowest else { return nil }
        self = narrowest
    }

    /// The digits, lowest first, which is also their order as text.
    var digits: StaticString {
        switch self {
        case .decimal: "0123456789"
        case .ulid: "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        case .flake: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        case .hex: "0123456789abcdef"
        }
    }

    var base: Int { digits.utf8CodeUnitCount }

    func value(of digit: UInt8) -> Int? {
        let value = table[Int(digit)]
        return value < 0 ? nil : Int(value)
    }

    func digit(_ value: Int) -> UInt8 {
        digits.withUTF8Buffer { $0[value] }
    }

    /// The value of each byte as a digit, -1 for one that is none.
    private var table: [Int8] {
        switch self {
        case .decimal: Self.decimalTable
        case .ulid: Self.ulidTable
        case .flake: Self.flakeTable
        case .hex: Self.hexTable
        }
    }

    private static let decimalTable = makeTable(.decimal)
    private static let ulidTable = makeTable(.ulid)
    private static let flakeTable = makeTable(.flake)
    private static let hexTable = makeTable(.hex)

    private static func makeTable(_ alphabet: IDAlphabet) -> [Int8] {
        var table = [Int8](repeating: -1, count: 256)
        for value in 0..<alphabet.base { table[Int(alphabet.digit(value))] = Int8(value) }
        return table
    }

    private func admits(_ bytes: String.UTF8View) -> Bool {
        let lengthFits = switch self {
        case .decimal: (1...32).contains(bytes.count)
        case .ulid: bytes.count == 26 && bytes.first.map { $0 <= UInt8(ascii: "7") } == true
        // 64 bits of milliseconds, then a worker and a sequence: 18 characters today, 22 at most.
        case .flake: (16...22).contains(bytes.count)
        case .hex: bytes.count == 42
        }
        guard lengthFits else { return false }
        let table = table
        return bytes.allSatisfy { table[Int($0)] >= 0 }
    }
}

/// A place in a timeline, as one server writes it.
struct PositionID: Sendable, Hashable, Comparable {
    let text: String

    init(_ text: String) { self.text = text }

    /// Clients' order: the shorter is the older, then as text (Mastodon's `compare_id.ts`, Tusky's `TimelineDao`).
    static func < (left: PositionID, right: PositionID) -> Bool {
        let (ours, theirs) = (left.text.utf8.count, right.text.utf8.count)
        return ours == theirs ? left.text < right.text : ours < theirs
    }

    /// The moment that the id was made of, to the millisecond, where its form tells: Mastodon's ids hold it above 16 bits of chance,
    /// a ULID in its first ten digits. Nil for others, and for what would not lie in `span`: then the form is another server's.
    func moment(within span: ClosedRange<Instant>) -> Instant? {
        guard let alphabet = IDAlphabet(of: CollectionOfOne(text)) else { return nil }
        let milliseconds: UInt64? = switch alphabet {
        case .decimal: UInt64(text).map { $0 >> 16 }
        case .ulid: text.utf8.prefix(10).reduce(UInt64?(0)) { value, digit in
            alphabet.value(of: digit).flatMap { digit in value.map { $0 << 5 | UInt64(digit) } }
        }
        case .flake, .hex: nil
        }
        guard let milliseconds, milliseconds < 1 << 48 else { return nil }
        let moment = Instant(microseconds: Int64(milliseconds) * 1_000)
        return span.contains(moment) ? moment : nil
    }

    /// The id `count` below this one, of the same length.
    /// - Parameter count: 0 or more.
    /// - Returns: nil when the id is not of the alphabet, or when the result would be shorter or below nothing.
    func minus(_ count: Int, in alphabet: IDAlphabet) -> PositionID? {
        precondition(count >= 0, "\(count) below an id")
        var bytes = Array(text.utf8)
        var left = count
        var index = bytes.count
        while left > 0 {
            guard index > 0 else { return nil }
            index -= 1
            guard let value = alphabet.value(of: bytes[index]) else { return nil }
            let rest = value - left % alphabet.base
            left /= alphabet.base
            if rest < 0 { left += 1 }
            bytes[index] = alphabet.digit(rest < 0 ? rest + alphabet.base : rest)
        }
        // A ULID is padded with zeros; elsewhere a leading zero means that the server would write a shorter id.
        if alphabet != .ulid, bytes.first != text.utf8.first, bytes.first == UInt8(ascii: "0") { return nil }
        return PositionID(String(decoding: bytes, as: UTF8.self))
    }
}
