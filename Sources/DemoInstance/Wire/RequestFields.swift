import HTTPService
import HTTPTypes

/// A file of a multipart body.
struct UploadedFile: Sendable {
    var field: String
    var name: String
    var type: String
    var bytes: [UInt8]
}

/// What a request says in its query and its body, whichever way the body is written. Members of JSON objects are named
/// `outer[inner]` and arrays `name[]`, as forms name them.
struct RequestFields: Sendable {
    var fields = FormFields()
    var files: [UploadedFile] = []

    init(query: Substring?, contentType: String?, body: [UInt8]) throws {
        if let query { fields = FormFields(query) }
        guard !body.isEmpty else { return }
        let type = contentType ?? "application/x-www-form-urlencoded"
        if type.hasPrefix("application/json") {
            guard let json = try? JSON(parsing: body) else { throw APIFailure.badRequest }
            flatten(json, as: "")
        } else if type.hasPrefix("multipart/form-data") {
            try readMultipart(body, type: type)
        } else {
            for field in FormFields(String(decoding: body, as: UTF8.self)).all { fields.append(field.name, field.value) }
        }
    }

    private mutating func flatten(_ json: JSON, as name: String) {
        switch json {
        case .null: break
        case .bool(let value): fields.append(name, value ? "true" : "false")
        case .int(let value): fields.append(name, String(value))
        case .double(let value): fields.append(name, String(value))
        case .string(let value): fields.append(name, value)
        case .array(let values): for value in values { flatten(value, as: name + "[]") }
        case .object(let members):
            for member in members { flatten(member.value, as: name.isEmpty ? member.name : "\(name)[\(member.name)]") }
        }
    }

    /// RFC 7578, as clients write it: a name and perhaps a file name in each part.
    private mutating func readMultipart(_ body: [UInt8], type: String) throws {
        guard let boundary = Self.parameter("boundary", of: type), !boundary.isEmpty else { throw APIFailure.badRequest }
        let line = Array("--\(boundary)".utf8)
        guard var start = body.firstRange(of: line)?.upperBound else { throw APIFailure.badRequest }
        let separator = Array("\r\n".utf8) + line
        while let end = body[start...].firstRange(of: separator) {
            try readPart(body[start..<end.lowerBound])
            start = end.upperBound
            if body[start...].starts(with: Array("--".utf8)) { return }
        }
        throw APIFailure.badRequest
    }

    private mutating func readPart(_ part: ArraySlice<UInt8>) throws {
        guard let headEnd = part.firstRange(of: Array("\r\n\r\n".utf8)) else { throw APIFailure.badRequest }
        var name = ""
        var fileName: String?
        var type = "application/octet-stream"
        for line in String(decoding: part[..<headEnd.lowerBound], as: UTF8.self).split(separator: "\r\n") {
            if line.lowercased().hasPrefix("content-disposition:") {
                name = Self.parameter("name", of: String(line)) ?? ""
                fileName = Self.parameter("filename", of: String(line))
            } else if line.lowercased().hasPrefix("content-type:") {
                type = String(line.dropFirst("content-type:".count).drop { $0 == " " })
            }
        }
        let bytes = Array(part[headEnd.upperBound...])
        if let fileName {
            files.append(UploadedFile(field: name, name: fileName, type: type, bytes: bytes))
        } else {
            fields.append(name, String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func parameter(_ name: String, of header: String) -> String? {
        for part in header.split(separator: ";").dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].drop(while: { $0 == " " }).lowercased() == name else { continue }
            return String(pair[1].drop { $0 == "\"" || $0 == " " }.prefix { $0 != "\"" })
        }
        return nil
    }
}
