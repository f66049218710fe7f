extension JSONScanner {
    /// A string where it stands, nothing copied.
    public mutating func text() throws(JSONError) -> JSONText {
        guard peek() == UInt8(ascii: "\"") else { throw mismatch() }
        return try readText()
    }

    public mutating func string() throws(JSONError) -> String {
        try text().string(in: bytes)
    }

    /// A string; nil for null.
    public mutating func stringOrNull() throws(JSONError) -> String? {
        try takeNull() ? nil : try string()
    }

    /// An id, which some servers write as a number. Its digits are kept as they stand.
    public mutating func identifier() throws(JSONError) -> JSONText {
        let start = peek().map { _ in offset } ?? end
        if peek() == UInt8(ascii: "\"") {
            let text = try readText()
            guard !text.range.isEmpty else { throw .unexpectedValue(offset: start) }
            return text
        }
        guard let first = peek(), first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else { throw mismatch() }
        guard try passNumber() else { throw .unexpectedValue(offset: start) }
        return JSONText(range: start..<offset, escaped: false)
    }

    public mutating func bool() throws(JSONError) -> Bool {
        switch peek() {
        case UInt8(ascii: "t"):
            try pass("true")
            return true
        case UInt8(ascii: "f"):
            try pass("false")
            return false
        default: throw mismatch()
        }
    }

    /// A boolean; nil for null.
    public mutating func boolOrNull() throws(JSONError) -> Bool? {
        try takeNull() ? nil : try bool()
    }

    /// A number without fraction or exponent that fits 64 bits.
    public mutating func integer() throws(JSONError) -> Int {
        guard let first = peek(), first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else { throw mismatch() }
        let start = offset
        guard try passNumber() else { throw .unexpectedValue(offset: start) }
        let negative = first == UInt8(ascii: "-")
        var value = 0
        for index in (negative ? start + 1 : start)..<offset {
            let (tens, tooBig) = value.multipliedReportingOverflow(by: 10)
            let digit = Int(bytes[index] &- 0x30)
            let (next, tooFar) = negative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            guard !tooBig, !tooFar else { throw .unexpectedValue(offset: start) }
            value = next
        }
        return value
    }

    /// Whether null stood next; it has then been taken.
    public mutating func takeNull() throws(JSONError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try pass("null")
        return true
    }

    /// Passes over a number.
    /// - Returns: whether it is an integer as written: no fraction, no exponent.
    mutating func passNumber() throws(JSONError) -> Bool {
        var integral = true
        if offset < end, bytes[offset] == UInt8(ascii: "-") { offset &+= 1 }
        if offset < end, bytes[offset] == UInt8(ascii: "0") { offset &+= 1 } else { try passDigits() }
        if offset < end, bytes[offset] == UInt8(ascii: ".") {
            integral = false
            offset &+= 1
            try passDigits()
        }
        if offset < end, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            integral = false
            offset &+= 1
            if offset < end, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") { offset &+= 1 }
            try passDigits()
        }
        return integral
    }

    private mutating func passDigits() throws(JSONError) {
        let start = offset
        while offset < end, bytes[offset] &- 0x30 < 10 { offset &+= 1 }
        guard offset > start else { throw .malformed(offset: offset) }
    }
}
