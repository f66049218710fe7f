import Fediverse

/// A client's request, as far as it can name statuses and accounts. Paths and queries are percent-encoded, as sent.
struct ClientRequest: Sendable, Equatable {
    var method: String
    var path: String
    /// Without the question mark.
    var query: String?
    var contentType: String?
    var body: [UInt8]

    init(method: String, path: String, query: String? = nil, contentType: String? = nil, body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.query = query
        self.contentType = contentType
        self.body = body
    }

    /// The parts of the path between slashes: `["api", "v1", …]`; a slash at the end makes no part.
    var segments: [Substring] {
        path.split(separator: "/")
    }
}

/// Reads and replaces the values of a request's fields, wherever clients put them: query, form, multipart, JSON.
///
/// A field's path is its name without list brackets: `status_ids[]`, `status_ids[0]` and `{"status_ids": […]}` are
/// `["status_ids"]`; `home[last_read_id]` and `{"home": {"last_read_id": …}}` are `["home", "last_read_id"]`.
/// What is not replaced keeps its bytes; a body that is not what its type says is left alone.
enum RequestFields {
    /// Gives the text that takes the place of a field's value; nil leaves it.
    typealias Visitor = (_ path: [String], _ value: String) -> String?

    /// Every field of query and body, in order.
    static func all(of request: ClientRequest) -> [(path: [String], value: String)] {
        var fields: [(path: [String], value: String)] = []
        _ = rewritten(request) { path, value in
            fields.append((path, value))
            return nil
        }
        return fields
    }

    static func rewritten(_ request: ClientRequest, _ visitor: Visitor) -> ClientRequest {
        var result = request
        if let query = request.query {
            result.query = String(decoding: FormFields.rewritten(Array(query.utf8), visitor), as: UTF8.self)
        }
        guard !request.body.isEmpty, let type = request.contentType else { return result }
        let media = type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        switch media {
        case "application/x-www-form-urlencoded": result.body = FormFields.rewritten(request.body, visitor)
        case "multipart/form-data": result.body = MultipartFields.rewritten(request.body, contentType: type, visitor)
        case "application/json": result.body = JSONFields.rewritten(request.body, visitor)
        default: break
        }
        return result
    }

    /// The path that a name in a form stands for.
    static func path(of name: String) -> [String] {
        guard let bracket = name.firstIndex(of: "["), bracket != name.startIndex else { return [name] }
        let inside = name[bracket...].split(separator: "[").map { $0.last == "]" ? $0.dropLast() : $0 }
        return [String(name[..<bracket])] + inside.filter { part in part.contains { !$0.isNumber } }.map(String.init)
    }

    /// `bytes` with the values at `ranges`, which rise and do not overlap, replaced.
    static func replacing(_ changes: [(range: Range<Int>, with: [UInt8])], in bytes: [UInt8]) -> [UInt8] {
        guard !changes.isEmpty else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + changes.reduce(0) { $0 + $1.with.count })
        var copied = 0
        for change in changes {
            result.append(contentsOf: bytes[copied..<change.range.lowerBound])
            result.append(contentsOf: change.with)
            copied = change.range.upperBound
        }
        result.append(contentsOf: bytes[copied...])
        return result
    }
}
