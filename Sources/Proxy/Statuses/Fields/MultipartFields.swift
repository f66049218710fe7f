/// `multipart/form-data` (RFC 7578). Parts are found by their boundary; files are passed over.
enum MultipartFields {
    static func rewritten(_ bytes: [UInt8], contentType: String, _ visitor: RequestFields.Visitor) -> [UInt8] {
        guard let boundary = boundary(in: contentType) else { return bytes }
        let delimiter = Array("--".utf8) + boundary
        var changes: [(range: Range<Int>, with: [UInt8])] = []
        // A boundary stands at the start of a line: the body's first, or after what counts as the boundary's own line end.
        guard var start = bytes.starts(with: delimiter) ? 0 : find(lineBreak + delimiter, in: bytes, from: 0).map({ $0 + 2 }) else { return bytes }
        while true {
            let afterDelimiter = start + delimiter.count
            guard let headers = find(lineBreak, in: bytes, from: afterDelimiter).map({ $0 + 2 }),
                !bytes[afterDelimiter..<headers].starts(with: "--".utf8),
                // A part without headers begins with the empty line itself.
                let content = find(lineBreak + lineBreak, in: bytes, from: headers - 2).map({ $0 + 4 }),
                let end = find(lineBreak + delimiter, in: bytes, from: content - 2)
            else { break }
            if end >= content, let name = fieldName(in: bytes[headers..<max(headers, content - 2)]),
                let value = visitor(RequestFields.path(of: name), String(decoding: bytes[content..<end], as: UTF8.self)) {
                if let length = lengthDigits(in: bytes, headers..<content) { changes.append((length, Array(String(value.utf8.count).utf8))) }
                changes.append((content..<end, Array(value.utf8)))
            }
            start = end + 2
        }
        return RequestFields.replacing(changes, in: bytes)
    }

    private static let lineBreak: [UInt8] = [0x0D, 0x0A]

    private static func boundary(in contentType: String) -> [UInt8]? {
        for parameter in contentType.split(separator: ";").dropFirst() {
            let trimmed = parameter.drop { $0 == " " || $0 == "\t" }
            guard trimmed.prefix(9).lowercased() == "boundary=" else { continue }
            var value = trimmed.dropFirst(9)
            if value.first == "\"" { value = value.dropFirst().prefix { $0 != "\"" } }
            let boundary = Array(value.utf8)
            return (1...200).contains(boundary.count) ? boundary : nil
        }
        return nil
    }

    /// The `name` of a part that is no file.
    private static func fieldName(in headers: ArraySlice<UInt8>) -> String? {
        for line in String(decoding: headers, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard line.prefix(20).lowercased() == "content-disposition:" else { continue }
            guard line.firstRange(of: "filename") == nil, let opening = line.firstRange(of: " name=\"") ?? line.firstRange(of: ";name=\"")
            else { return nil }
            return String(line[opening.upperBound...].prefix { $0 != "\"" })
        }
        return nil
    }

    /// Some Android clients give each part its length, which must stay true.
    private static func lengthDigits(in bytes: [UInt8], _ headers: Range<Int>) -> Range<Int>? {
        var line = headers.lowerBound
        let name = Array("content-length:".utf8)
        while line < headers.upperBound, let end = find(lineBreak, in: bytes, from: line), end < headers.upperBound {
            if end - line > name.count, zip(bytes[line...], name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) {
                let digits = (line + name.count..<end).drop { bytes[$0] == UInt8(ascii: " ") }
                return digits.isEmpty || !digits.allSatisfy { bytes[$0] &- 0x30 < 10 } ? nil : digits.startIndex..<digits.endIndex
            }
            line = end + 2
        }
        return nil
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard start >= 0, bytes.count - pattern.count >= start else { return nil }
        return (start...bytes.count - pattern.count).first { index in
            bytes[index] == pattern[0] && bytes[index..<index + pattern.count].elementsEqual(pattern)
        }
    }
}
