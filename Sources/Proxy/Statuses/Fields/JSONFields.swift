import Fediverse

/// `application/json`: every scalar of the body, found where it stands.
enum JSONFields {
    static func rewritten(_ bytes: [UInt8], _ visitor: RequestFields.Visitor) -> [UInt8] {
        let changes = bytes.withUnsafeBytes { buffer -> [Change] in
            do throws(JSONError) {
                var changes: [Change] = []
                var scanner = JSONScanner(buffer)
                try walk(&scanner, in: buffer, path: [], visitor, &changes)
                try scanner.finish()
                return changes
            } catch {
                // No JSON: upstream says so, and better.
                return []
            }
        }
        return RequestFields.replacing(changes, in: bytes)
    }

    private typealias Change = (range: Range<Int>, with: [UInt8])

    private static func walk(
        _ scanner: inout JSONScanner, in buffer: UnsafeRawBufferPointer, path: [String], _ visitor: RequestFields.Visitor,
        _ changes: inout [Change]
    ) throws(JSONError) {
        var inside = scanner
        let range = try scanner.skip()
        switch buffer[range.lowerBound] {
        case UInt8(ascii: "{"):
            var object = try inside.enterObject()
            while let key = try inside.nextKey(&object) { try walk(&inside, in: buffer, path: path + [key.string], visitor, &changes) }
        case UInt8(ascii: "["):
            var array = try inside.enterArray()
            while try inside.nextElement(&array) { try walk(&inside, in: buffer, path: path, visitor, &changes) }
        case UInt8(ascii: "\""):
            guard let new = visitor(path, try inside.string()) else { return }
            var json = JSONWriter()
            json.string(new)
            changes.append((range, json.bytes))
        default:
            guard let new = visitor(path, String(decoding: UnsafeRawBufferPointer(rebasing: buffer[range]), as: UTF8.self)) else { return }
            // An id that was sent as a number stays one where it can.
            var json = JSONWriter()
            if !new.isEmpty, new.first != "0", new.utf8.allSatisfy({ $0 &- 0x30 < 10 }) { json.raw(new) } else { json.string(new) }
            changes.append((range, json.bytes))
        }
    }
}
