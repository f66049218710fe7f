import Fediverse

/// A domain that an instance limits or suspends, as it tells everybody.
public struct DomainBlock: Sendable, Equatable {
    /// In part hidden by asterisks where the instance does not want to name it.
    public var domain: String
    /// SHA-256 of the whole name in hex; empty where it is not sent.
    public var digest: String

    public init(domain: String, digest: String = "") {
        self.domain = domain
        self.digest = digest
    }

    /// The answer of `GET /api/v1/instance/domain_blocks`. An entry that neither limits nor suspends is left out.
    static func list(in bytes: [UInt8]) throws -> [DomainBlock] {
        try bytes.withUnsafeBytes { bytes in try Result { () throws(JSONError) in try read(bytes) }.get() }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> [DomainBlock] {
        var scanner = JSONScanner(bytes, limits: JSONLimits(arrayElements: 200_000))
        var array = try scanner.enterArray()
        var blocks: [DomainBlock] = []
        while try scanner.nextElement(&array) {
            var domain: String?
            var (digest, severity) = ("", "")
            var object = try scanner.enterObject()
            while let key = try scanner.nextKey(&object) {
                switch key {
                case "domain": domain = try scanner.stringOrNull()
                case "digest": digest = try scanner.stringOrNull() ?? ""
                case "severity": severity = try scanner.stringOrNull() ?? ""
                default: try scanner.skip()
                }
            }
            guard let domain else { throw .missingMember("domain", offset: scanner.offset) }
            if severity != "noop" { blocks.append(DomainBlock(domain: domain.lowercased(), digest: digest.lowercased())) }
        }
        try scanner.finish()
        return blocks
    }
}
