import OpenSSL

/// What stands in a key file: secrets, which live only as long as it takes to make keys of them.
///
/// Either one key, as 32 bytes or as 64 hex digits, or lines that `sheltie key rotate` has written: `active` and a key, one
/// `accepting` for each older key, the newest first, and the keys that rotation hands on. Authors keep their ids, because
/// an opt-out list of hashes cannot be made anew, and the accounts that carry a reason keep theirs.
struct KeyFile {
    /// The purposes whose keys outlive the master that they came from, each with its word in the file.
    private static let handedOn: [(word: String, purpose: MasterKey.Purpose)] = [("author", .author), ("virtual-account", .virtualAccount)]

    var active: [UInt8]
    var accepting: [[UInt8]] = []
    var carried: [MasterKey.Purpose: [UInt8]] = [:]

    init(active: [UInt8]) { self.active = active }

    init(_ content: [UInt8]) throws(MasterKeyError) {
        if content.count == MasterKey.byteCount {
            self.init(active: content)
        } else if content.starts(with: "active ".utf8) {
            try self.init(lines: content)
        } else {
            self.init(active: try Self.key(inDigits: content))
        }
        try MasterKey.check(active)
    }

    private init(lines content: [UInt8]) throws(MasterKeyError) {
        self.init(active: [])
        for (number, line) in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() where !line.isEmpty {
            let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard parts.count == 2, let key = Hex.decode(parts[1]), key.count == MasterKey.byteCount else { throw .badLine(number: number + 1) }
            let word = String(decoding: parts[0], as: UTF8.self)
            if word == "active", active.isEmpty {
                active = key
            } else if word == "accepting", accepting.count < KeyRing.mostAccepted {
                accepting.append(key)
            } else if let purpose = Self.handedOn.first(where: { $0.word == word })?.purpose, carried[purpose] == nil {
                carried[purpose] = key
            } else {
                throw .badLine(number: number + 1)
            }
        }
        // Without one of them authors would become others without a word.
        guard carried.count == Self.handedOn.count else { throw .badLine(number: 1) }
    }

    private static func key(inDigits content: [UInt8]) throws(MasterKeyError) -> [UInt8] {
        var digits = content[...]
        if digits.last == 0x0A { digits.removeLast() }
        if digits.last == 0x0D { digits.removeLast() }
        guard digits.count == 2 * MasterKey.byteCount else { throw .wrongSize(bytes: content.count) }
        guard let key = Hex.decode(digits) else { throw .notHex }
        return key
    }

    /// With `key` as the active one; those that were there are accepted, unless it is an emergency.
    func rotated(to key: [UInt8], emergency: Bool) throws -> KeyFile {
        guard emergency || accepting.count < KeyRing.mostAccepted else { throw MasterKeyError.tooManyKeys }
        var next = KeyFile(active: key)
        if !emergency { next.accepting = [active] + accepting }
        for (_, purpose) in Self.handedOn { next.carried[purpose] = try carried[purpose] ?? MasterKey.derive(purpose, from: active) }
        return next
    }

    /// As it stands in a file: one key alone as its digits.
    var text: [UInt8] {
        if accepting.isEmpty, carried.isEmpty { return Array((Hex.encode(active) + "\n").utf8) }
        var lines = ["active " + Hex.encode(active)] + accepting.map { "accepting " + Hex.encode($0) }
        for (word, purpose) in Self.handedOn { if let key = carried[purpose] { lines.append(word + " " + Hex.encode(key)) } }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    mutating func cleanse() {
        OpenSSL.cleanse(&active)
        for index in accepting.indices { OpenSSL.cleanse(&accepting[index]) }
        for purpose in Array(carried.keys) { OpenSSL.cleanse(&carried[purpose, default: []]) }
    }
}
