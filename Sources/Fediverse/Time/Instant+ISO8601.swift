extension Instant {
    /// Reads `2026-11-01T00:36:20.986Z` and what other servers make of it: no fraction or one of any length (cut to
    /// microseconds), an offset with or without colon, a blank or a small letter for the T, a date alone (its midnight).
    ///
    /// A time without zone counts as UTC.
    public init?(iso8601 text: String) {
        var text = text
        guard let instant = text.withUTF8({ Instant(iso8601: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = instant
    }

    /// The same, out of the bytes of a text.
    init?(iso8601 text: UnsafeRawBufferPointer) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"), let day = reader.number(2),
            let date = CalendarDay(year: year, month: month, day: day)
        else { return nil }
        if reader.isAtEnd {
            self.init(date, hour: 0, minute: 0, second: 0)
            return
        }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), reader.take(":"),
            let minute = reader.number(2)
        else { return nil }
        var second = 0
        var microsecond = 0
        if reader.take(":") {
            guard let number = reader.number(2) else { return nil }
            second = number
            if reader.take(".") || reader.take(",") {
                guard let fraction = reader.fraction() else { return nil }
                microsecond = fraction
            }
        }
        guard let offset = reader.zone(), reader.isAtEnd else { return nil }
        self.init(date, hour: hour, minute: minute, second: second, microsecond: microsecond, offsetMinutes: offset)
    }

    /// As Mastodon prints it: milliseconds (cut, not rounded) and Z.
    public var iso8601: String {
        let (date, time) = dayAndTime
        let seconds = Int(time / 1_000_000)
        let year = date.year.padded(to: 4).utf8
        return String(unsafeUninitializedCapacity: year.count + 20) { text in
            var count = text.update(fromContentsOf: year)
            func write(_ sign: Unicode.Scalar, _ value: Int, _ width: Int) {
                text[count] = UInt8(ascii: sign)
                var rest = value
                for place in stride(from: count + width, to: count, by: -1) {
                    text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                count += 1 + width
            }
            write("-", date.month, 2)
            write("-", date.day, 2)
            write("T", seconds / 3_600, 2)
            write(":", seconds / 60 % 60, 2)
            write(":", seconds % 60, 2)
            write(".", Int(time / 1_000 % 1_000), 3)
            text[count] = UInt8(ascii: "Z")
            return count + 1
        }
    }
}

/// Takes fixed-width numbers and signs off the front of a text.
private struct DigitReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: sign) else { return false }
        offset += 1
        return true
    }

    /// Exactly `width` digits.
    mutating func number(_ width: Int) -> Int? {
        guard bytes.count - offset >= width else { return nil }
        var value = 0
        for place in offset..<offset + width {
            let digit = bytes[place] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        offset += width
        return value
    }

    /// The digits after a decimal point, in millionths.
    mutating func fraction() -> Int? {
        let start = offset
        var value = 0
        while offset < bytes.count, bytes[offset] &- 0x30 < 10 {
            if offset - start < 6 { value = value * 10 + Int(bytes[offset] &- 0x30) }
            offset += 1
        }
        guard offset > start else { return nil }
        for _ in min(6, offset - start)..<6 { value *= 10 }
        return value
    }

    /// Minutes ahead of UTC: `Z`, nothing, `+02:00`, `-0530`, `+01`.
    mutating func zone() -> Int? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let sign: Int
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(2), hours <= 23 else { return nil }
        if isAtEnd { return sign * hours * 60 }
        _ = take(":")
        guard let minutes = number(2), minutes <= 59 else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
