import Fediverse

/// `application/x-www-form-urlencoded`: bodies and queries.
enum FormFields {
    static func rewritten(_ bytes: [UInt8], _ visitor: RequestFields.Visitor) -> [UInt8] {
        var changes: [(range: Range<Int>, with: [UInt8])] = []
        for pair in pairs(in: bytes) {
            let path = RequestFields.path(of: decoded(bytes[pair.name]))
            if let value = visitor(path, decoded(bytes[pair.value])) { changes.append((pair.value, Array(QueryString.encoded(value).utf8))) }
        }
        return RequestFields.replacing(changes, in: bytes)
    }

    /// The query without the pairs that `drops` names; ampersands between the others stay.
    static func removing(from query: String, where drops: (_ path: [String], _ value: String) -> Bool) -> String {
        let bytes = Array(query.utf8)
        let kept = pairs(in: bytes).filter { !drops(RequestFields.path(of: decoded(bytes[$0.name])), decoded(bytes[$0.value])) }
        return kept.map { String(decoding: bytes[$0.name.lowerBound..<$0.value.upperBound], as: UTF8.self) }.joined(separator: "&")
    }

    /// Where names and values stand. A pair without an equals sign has an empty value at its end.
    private static func pairs(in bytes: [UInt8]) -> [(name: Range<Int>, value: Range<Int>)] {
        bytes.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true).map { pair in
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { return (pair.indices, pair.endIndex..<pair.endIndex) }
            return (pair.startIndex..<equals, equals + 1..<pair.endIndex)
        }
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        QueryString.decoded(String(decoding: bytes, as: UTF8.self))
    }
}
