/// Reads JSON from bytes without building a tree: the caller pulls the members it wants and skips the others.
///
/// Strict (RFC 8259): what it passes over is checked as thoroughly as what it reads, so a value's range is always a whole
/// valid value. No input makes it trap or read past the end. Where an object has a key twice, both come, in order; the
/// readers of this module let the last one win.
///
/// A scanner is a value: a copy taken before a read is a way back.
public struct JSONScanner {
    let bytes: UnsafeRawBufferPointer
    let end: Int
    let limits: JSONLimits
    /// The next byte to read, from the start of the bytes.
    public internal(set) var offset: Int
    var depth = 0

    /// - Parameters:
    ///   - bytes: must outlive the scanner and what it hands out: stay inside `withUnsafeBytes`.
    ///   - range: the part to read; offsets still count from the start of `bytes`.
    public init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>? = nil, limits: JSONLimits = JSONLimits()) {
        self.bytes = bytes
        self.limits = limits
        let whole = 0..<bytes.count
        let part = range?.clamped(to: whole) ?? whole
        offset = part.lowerBound
        end = part.upperBound
    }

    /// An object or array being read: made by `enterObject` or `enterArray`, handed back for each key or element.
    public struct Container {
        var count = 0
    }

    // Containers

    public mutating func enterObject() throws(JSONError) -> Container {
        try enter(UInt8(ascii: "{"))
    }

    /// The next key, after which its value must be read or skipped; nil when the object has ended.
    @inline(__always)
    public mutating func nextKey(_ object: inout Container) throws(JSONError) -> JSONKey? {
        guard try advance(&object, close: UInt8(ascii: "}")) else { return nil }
        let text = try passKey()
        return JSONKey(bytes: UnsafeRawBufferPointer(rebasing: bytes[text.range]), escaped: text.escaped)
    }

    public mutating func enterArray() throws(JSONError) -> Container {
        try enter(UInt8(ascii: "["))
    }

    /// Whether another element follows, which must then be read or skipped.
    public mutating func nextElement(_ array: inout Container) throws(JSONError) -> Bool {
        guard try advance(&array, close: UInt8(ascii: "]")) else { return false }
        guard array.count <= limits.arrayElements else { throw .arrayTooLong(offset: offset) }
        return true
    }

    // Whole values

    /// Passes over one value of any kind.
    /// - Returns: its bytes, without the space around it.
    @discardableResult
    public mutating func skip() throws(JSONError) -> Range<Int> {
        skipSpace()
        let start = offset
        guard offset < end else { throw .malformed(offset: offset) }
        switch bytes[offset] {
        case UInt8(ascii: "\""): _ = try readText()
        case UInt8(ascii: "{"):
            var object = try enterObject()
            while try advance(&object, close: UInt8(ascii: "}")) {
                _ = try passKey()
                try skip()
            }
        case UInt8(ascii: "["):
            var array = try enterArray()
            while try nextElement(&array) { try skip() }
        case UInt8(ascii: "t"): try pass("true")
        case UInt8(ascii: "f"): try pass("false")
        case UInt8(ascii: "n"): try pass("null")
        default: _ = try passNumber()
        }
        return start..<offset
    }

    /// Throws unless nothing but space follows.
    public mutating func finish() throws(JSONError) {
        skipSpace()
        guard offset == end else { throw .malformed(offset: offset) }
    }

    /// The next value's first byte, which tells its kind; nil at the end.
    mutating func peek() -> UInt8? {
        skipSpace()
        return offset < end ? bytes[offset] : nil
    }

    // Bytes

    @inline(__always)
    mutating func skipSpace() {
        while offset < end {
            let byte = bytes[offset]
            // The four kinds of space; everything above the blank ends the test at once.
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            offset &+= 1
        }
    }

    /// What a wrong first byte means: another kind of value, or no value.
    func mismatch() -> JSONError {
        var probe = self
        do throws(JSONError) {
            try probe.skip()
            return .unexpectedValue(offset: offset)
        } catch {
            return error
        }
    }

    /// Passes over a member's name and the colon.
    @inline(__always)
    private mutating func passKey() throws(JSONError) -> JSONText {
        guard offset < end, bytes[offset] == UInt8(ascii: "\"") else { throw .malformed(offset: offset) }
        let text = try readText()
        skipSpace()
        guard offset < end, bytes[offset] == UInt8(ascii: ":") else { throw .malformed(offset: offset) }
        offset &+= 1
        return text
    }

    mutating func pass(_ word: StaticString) throws(JSONError) {
        let count = word.utf8CodeUnitCount
        guard count <= end &- offset else { throw .malformed(offset: offset) }
        for index in 0..<count where bytes[offset &+ index] != word.utf8Start[index] { throw .malformed(offset: offset &+ index) }
        offset &+= count
    }

    private mutating func enter(_ opening: UInt8) throws(JSONError) -> Container {
        guard peek() == opening else { throw mismatch() }
        guard depth < limits.depth else { throw .tooDeep(offset: offset) }
        depth &+= 1
        offset &+= 1
        return Container()
    }

    /// Steps over the comma or the closing bracket.
    @inline(__always)
    private mutating func advance(_ container: inout Container, close: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard offset < end else { throw .malformed(offset: offset) }
        let byte = bytes[offset]
        if byte == close {
            offset &+= 1
            depth &-= 1
            return false
        }
        if container.count > 0 {
            guard byte == UInt8(ascii: ",") else { throw .malformed(offset: offset) }
            offset &+= 1
            skipSpace()
        }
        container.count &+= 1
        return true
    }
}

/// Runs `body` over the bytes of an array.
func withBytes<Value>(
    of bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(JSONError) -> Value
) throws(JSONError) -> Value {
    try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Value in try body(UnsafeRawBufferPointer(buffer)) }
}
