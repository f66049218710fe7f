import Fediverse
import Privacy

/// The position ids of one slate of For you: made of the moment for which the slate stands, one lower for each place.
///
/// Every process makes the same ids for the same moment, and those of a newer slate are greater, so a newer slate goes on top.
struct SlateIDs: Sendable {
    /// Places of a slate, at most.
    static let most = 400
    /// A client that asks again within this time is shown the same slate.
    static let span = Instant.Span.minutes(30)
    /// At LIMITED what is kept of a recommendation names the day, so its id must not say more.
    static let limitedSpan = Instant.Span.days(1)
    /// A slate that is as old as this is asked for no more.
    static let kept = Instant.Span.days(1)

    let moment: Instant
    private let top: PositionID
    private let alphabet: IDAlphabet

    init(_ moment: Instant, in alphabet: IDAlphabet) {
        self.moment = moment
        self.alphabet = alphabet
        top = PositionID.last(of: moment, in: alphabet)
    }

    /// The id of a place, 0 for the first.
    func id(_ place: Int) -> PositionID {
        precondition((0..<Self.most).contains(place), "no place \(place)")
        // The last id of a moment has more than `most` below it that are of the moment, too.
        return top.minus(place, in: alphabet) ?? top
    }

    /// As far before the slate's moment as the place is from the top, for clients that sort by time.
    func createdAt(_ place: Int) -> Instant { moment - .milliseconds(Int64(place)) }

    /// Places whose id is below one bound and above another.
    func places(below: PositionID?, above: PositionID?) -> Range<Int> {
        let first = below.map { bound in Self.first { id($0) < bound } } ?? 0
        let end = above.map { bound in Self.first { id($0) <= bound } } ?? Self.most
        return first..<max(first, end)
    }

    /// The lowest place for which `holds` is true, which is then true for all that follow.
    private static func first(_ holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, most)
        while low < high {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The slate that a page is of: the newest, unless a cursor points into an older one; nil where the cursor is between or below all.
    static func asked(by page: ListPage, level: PrivacyLevel, in alphabet: IDAlphabet, at now: Instant) -> SlateIDs? {
        let span = level == .full ? span : limitedSpan
        let newest = SlateIDs(now.floored(to: span), in: alphabet)
        guard let below = page.below, below <= newest.id(most - 1) else { return newest }
        var slate = newest
        while slate.moment >= now - kept - span {
            slate = SlateIDs(slate.moment - span, in: alphabet)
            if slate.id(most - 1) < below { return below <= slate.id(0) ? slate : nil }
        }
        return nil
    }
}

extension PositionID {
    /// The greatest id that a server of this alphabet would give at a millisecond.
    static func last(of moment: Instant, in alphabet: IDAlphabet) -> PositionID {
        let milliseconds = UInt64(max(0, moment.microseconds) / 1_000)
        return switch alphabet {
        // Mastodon: the milliseconds above 16 bits of chance.
        case .decimal: PositionID(String(milliseconds << 16 | 0xFFFF))
        // The milliseconds in ten digits, then sixteen of chance.
        case .ulid: PositionID(digits(UInt128(milliseconds), 10, in: alphabet) + String(repeating: "Z", count: 16))
        // The milliseconds above 64 bits of worker and sequence.
        case .flake: PositionID(digits(UInt128(milliseconds) << 64 | UInt128(UInt64.max), 18, in: alphabet))
        // The seconds in ten decimal digits, then a digest.
        case .hex: PositionID(String(milliseconds / 1_000) + String(repeating: "f", count: 32))
        }
    }

    private static func digits(_ number: UInt128, _ count: Int, in alphabet: IDAlphabet) -> String {
        var rest = number
        var bytes: [UInt8] = []
        let base = UInt128(alphabet.base)
        while rest > 0 || bytes.count < count {
            bytes.append(alphabet.digit(Int(rest % base)))
            rest /= base
        }
        return String(decoding: bytes.reversed(), as: UTF8.self)
    }
}
