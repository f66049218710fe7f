import HTTPService

/// One line of the person API: what is routed, described in the OpenAPI document and listed in docs/http.md.
struct PersonRoute: Sendable {
    typealias Handler = @Sendable (PersonCall) async throws -> ServerResponse

    /// A parameter of the path or the query, or a member of the body.
    struct Field: Sendable {
        enum Place: String, Sendable { case path, query, body }
        enum Kind: String, Sendable { case string, integer, boolean, object }

        let name: String
        let place: Place
        let kind: Kind
        let isRequired: Bool
        let sentence: String

        static func path(_ name: String, _ sentence: String) -> Field { Field(name: name, place: .path, kind: .string, isRequired: true, sentence: sentence) }
        static func query(_ name: String, _ sentence: String, _ kind: Kind = .string) -> Field {
            Field(name: name, place: .query, kind: kind, isRequired: false, sentence: sentence)
        }
        static func body(_ name: String, _ sentence: String, _ kind: Kind = .string, isRequired: Bool = true) -> Field {
            Field(name: name, place: .body, kind: kind, isRequired: isRequired, sentence: sentence)
        }
    }

    let method: String
    /// As ``RouteTable`` reads it.
    let template: String
    /// A phrase; the OpenAPI summary and the cell in the table.
    let summary: String
    /// Whether the person's token is asked for, and asked about at the instance, each time.
    let isPersonal: Bool
    let fields: [Field]
    /// The body is a document instead of fields: an export.
    let takesDocument: Bool
    /// Media types of a good answer.
    let answers: [String]
    let handler: Handler

    init(
        _ method: String, _ template: String, _ summary: String, isPersonal: Bool = true, fields: [Field] = [], takesDocument: Bool = false,
        answers: [String] = ["application/json"], _ handler: @escaping Handler
    ) {
        self.method = method
        self.template = template
        self.summary = summary
        self.isPersonal = isPersonal
        self.fields = fields
        self.takesDocument = takesDocument
        self.answers = answers
        self.handler = handler
    }
}

/// The person API as it is documented: made from the table that routes it.
public enum PersonSurface {
    static let prefix = "/sheltie/api/v1"

    /// Every route, the person's own first.
    static let routes: [PersonRoute] = PersonAPI.privacyRoutes + PersonAPI.rowRoutes + PersonAPI.corgiRoutes + PersonAPI.authorRoutes + PersonAPI.documentRoutes

    /// Methods and templates, for tests that go through all of them.
    public static var all: [(method: String, template: String, isPersonal: Bool)] { routes.map { ($0.method, prefix + $0.template, $0.isPersonal) } }

    /// The table in docs/http.md.
    public static var markdown: String {
        let lines = routes.map { route in
            let fields = route.fields.filter { $0.place != .path }.map { "`\($0.name)`" + ($0.isRequired ? "" : "?") }
            let takes = route.takesDocument ? ["an export"] : fields
            return "| \(route.method) | `\(prefix)\(route.template)` | \(route.isPersonal ? "yes" : "no") | \(takes.joined(separator: ", ")) | \(route.summary) |\n"
        }
        return "| method | path | token | takes | what |\n| --- | --- | --- | --- | --- |\n" + lines.joined()
    }
}
