import Fediverse
import HTTPService
import Privacy

extension PersonAPI {
    /// What an author asks without a token: they show a code where only they can write.
    static let authorRoutes: [PersonRoute] = [
        author("code", "a code for an author to show where only they can write", [.body("action", "opt-out (usual) or opt-in", isRequired: false)]),
        author("opt-out", "leave the author alone, once the code is shown"),
        author("opt-in", "take that back, once the code is shown"),
    ]

    private static func author(_ verb: String, _ summary: String, _ fields: [PersonRoute.Field] = []) -> PersonRoute {
        PersonRoute("POST", "/authors/" + verb, summary, isPersonal: false, fields: [.body("account", "the author's handle, as @name@instance")] + fields) { call in
            guard let authors = call.api.authors else { throw PersonRefusal.notFound }
            return await authors.respond(to: call.request)
        }
    }

    /// What describes the others, for everybody.
    static let documentRoutes: [PersonRoute] = [
        PersonRoute("GET", "/openapi.json", "this list as an OpenAPI 3.1 document", isPersonal: false) { _ in .personal(OpenAPI.document) },
        PersonRoute(
            "GET", "/schemas/:name", "the JSON Schema of the report or the export", isPersonal: false,
            fields: [.path("name", PrivacySchema.all.keys.sorted().joined(separator: " or "))], answers: ["application/schema+json"]
        ) { call in
            guard let schema = PrivacySchema.all[call.parameter("name")] else { throw PersonRefusal.notFound }
            return .personal(schema, type: "application/schema+json")
        },
    ]
}

/// The table of the person API as an OpenAPI 3.1 document.
enum OpenAPI {
    /// Made at the first question: the table does not change while the program runs.
    static let document: [UInt8] = {
        var writer = JSONWriter(capacity: 1 << 14)
        writer.object { document in
            document.member("openapi", "3.1.0")
            document.member("info") {
                $0.object {
                    $0.member("title", "Sheltie: the person API")
                    $0.member("version", "1")
                    $0.member("description", "What people ask and do about themselves, with their own token, which is asked about at their instance each time.")
                }
            }
            document.member("servers") { $0.array { $0.object { $0.member("url", PersonSurface.prefix) } } }
            document.member("paths") { paths in
                paths.object { paths in
                    let byPath = Dictionary(grouping: PersonSurface.routes, by: \.path)
                    for path in byPath.keys.sorted() {
                        paths.member(path) { operations in
                            operations.object { for route in byPath[path] ?? [] { route.write(to: &$0) } }
                        }
                    }
                }
            }
            document.member("components") { $0.object { components in
                components.member("securitySchemes") { $0.object { $0.member("token") { $0.object {
                    $0.member("type", "http")
                    $0.member("scheme", "bearer")
                    $0.member("description", "The person's own access token at their instance.")
                } } } }
                components.member("schemas") { $0.object { $0.member("error") { $0.object {
                    $0.member("type", "object")
                    $0.member("required") { $0.array { $0.string("error") } }
                    $0.member("properties") { $0.object { $0.member("error") { $0.object { $0.member("type", "string") } } } }
                } } } }
            } }
        }
        return writer.bytes
    }()
}

extension PersonRoute {
    /// `/interactions/{post_id}/{type}`
    fileprivate var path: String {
        template.split(separator: "/").map { $0.first == ":" ? "/{\($0.dropFirst())}" : "/" + $0 }.joined()
    }

    private var parameters: [Field] { fields.filter { $0.place != .body } }
    private var members: [Field] { fields.filter { $0.place == .body } }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.member(method.lowercased()) { $0.object { operation in
            operation.member("summary", summary)
            operation.member("security") { $0.array { if isPersonal { $0.object { $0.member("token") { $0.array { _ in } } } } } }
            if !parameters.isEmpty {
                operation.member("parameters") { $0.array { for field in parameters { field.writeParameter(to: &$0) } } }
            }
            if takesDocument || !members.isEmpty { writeBody(to: &operation) }
            operation.member("responses") { $0.object { responses in
                responses.member("2XX") { $0.object {
                    $0.member("description", "done")
                    $0.member("content") { $0.object { for type in answers { $0.member(type) { $0.object { _ in } } } } }
                } }
                responses.member("default") { $0.object {
                    $0.member("description", isPersonal ? "refused; 401 where the instance does not accept the token" : "refused")
                    $0.member("content") { $0.object { $0.member("application/json") { $0.object {
                        $0.member("schema") { $0.object { $0.member("$ref", "#/components/schemas/error") } }
                    } } } }
                } }
            } }
        } }
    }

    private func writeBody(to operation: inout JSONWriter) {
        operation.member("requestBody") { $0.object { body in
            body.member("required", takesDocument || members.contains(where: \.isRequired))
            body.member("content") { $0.object { content in
                if takesDocument {
                    for type in ["application/json", "application/zip"] { content.member(type) { $0.object { _ in } } }
                } else {
                    content.member("application/json") { $0.object { $0.member("schema") { $0.object { schema in
                        schema.member("type", "object")
                        schema.member("required") { $0.array { for field in members where field.isRequired { $0.string(field.name) } } }
                        schema.member("properties") { $0.object {
                            for field in members { $0.member(field.name) { $0.object { $0.member("type", field.kind.rawValue); $0.member("description", field.sentence) } } }
                        } }
                    } } } }
                }
            } }
        } }
    }
}

extension PersonRoute.Field {
    fileprivate func writeParameter(to writer: inout JSONWriter) {
        writer.object {
            $0.member("name", name)
            $0.member("in", place.rawValue)
            $0.member("required", isRequired)
            $0.member("description", sentence)
            $0.member("schema") { $0.object { $0.member("type", kind.rawValue) } }
        }
    }
}
