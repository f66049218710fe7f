import HTTPService
import HTTPTypes

/// A request to the demo's API, read and attributed.
struct Call: Sendable {
    let method: String
    let path: String
    let query: Substring?
    let parameters: [String: Substring]
    let fields: FormFields
    let files: [UploadedFile]
    let headers: HTTPFields
    /// How clients reach the server, without a slash at the end.
    let base: String
    let token: String?
    /// A position in the world's people; nil without a person's token.
    let account: Int32?
    /// Milliseconds since 1970.
    let now: Int64

    subscript(name: String) -> String? { fields[name] }

    func flag(_ name: String) -> Bool { ["true", "1", "on", "yes"].contains(fields[name]?.lowercased() ?? "") }

    /// The person whose token came; routes that ask for one are not called without.
    var viewer: Int32 {
        get throws {
            guard let account else { throw APIFailure.unauthorized }
            return account
        }
    }

    /// An id in the path.
    func id(_ name: String = "id") throws -> Int64 {
        guard let text = parameters[name], let id = Int64(text) else { throw APIFailure.notFound }
        return id
    }

    func limit(_ usual: Int = 20, _ most: Int = 40) -> Int {
        guard let text = fields["limit"], let number = Int(text), number > 0 else { return usual }
        return min(number, most)
    }
}

/// An answer of the demo's API.
struct Answer: Sendable {
    var status = 200
    var body: [UInt8]
    var type = "application/json; charset=utf-8"
    var headers: [(HTTPField.Name, String)] = []

    init(_ json: JSON, status: Int = 200) {
        body = json.bytes
        self.status = status
    }

    init(body: [UInt8], type: String, status: Int = 200) {
        self.body = body
        self.type = type
        self.status = status
    }

    func with(_ name: HTTPField.Name, _ value: String?) -> Answer {
        var answer = self
        if let value { answer.headers.append((name, value)) }
        return answer
    }
}

/// A refusal in Mastodon's words.
struct APIFailure: Error {
    var status: Int
    var message: String
    var detail: String?

    static let unauthorized = APIFailure(status: 401, message: "The access token is invalid")
    static let forbidden = APIFailure(status: 403, message: "This action is outside the authorized scopes")
    static let notFound = APIFailure(status: 404, message: "Record not found")
    static let badRequest = APIFailure(status: 400, message: "There was a problem parsing the request")
    static let needsPerson = APIFailure(status: 422, message: "This method requires an authenticated user")

    static func invalid(_ message: String) -> APIFailure { APIFailure(status: 422, message: "Validation failed: \(message)") }
    static func oauth(_ code: String, _ text: String, status: Int = 400) -> APIFailure {
        APIFailure(status: status, message: code, detail: text)
    }

    var answer: Answer {
        var json: JSON = ["error": .string(message)]
        if let detail { json = json.setting("error_description", .string(detail)) }
        return Answer(json, status: status)
    }
}

extension HTTPField.Name {
    // Literals of the token grammar; the initializer fails for nothing else.
    static let link = Self("Link")!
    static let rateLimit = Self("X-RateLimit-Limit")!
    static let rateRemaining = Self("X-RateLimit-Remaining")!
    static let rateReset = Self("X-RateLimit-Reset")!
}

extension HTTPField.Name {
    // As above.
    static let idempotencyKey = Self("Idempotency-Key")!
}

extension Call {
    /// A value of the path with its percent escapes resolved; a plus sign stays one.
    func decoded(_ name: String) -> String {
        FormFields("x=" + (parameters[name] ?? "").replacing("+", with: "%2B").replacing("&", with: "%26"))["x"] ?? ""
    }
}
