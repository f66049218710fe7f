import Fediverse
import HTTPService
import HTTPTypes
import Privacy

extension PersonAPI {
    /// Report, export, level, forgetting: the person as a whole.
    static let privacyRoutes: [PersonRoute] = [
        PersonRoute(
            "GET", "/privacy/report", "everything that is stored about you, why, and until when",
            fields: [.query("format", "json (usual), text or csv")], answers: ["application/json", "text/plain", "text/csv"]
        ) { call in
            let report = try await call.api.rights.report(about: call.alias)
            switch call.query("format") ?? "json" {
            case "json": return .personal(Array(report.json.utf8))
            case "text": return .personal(Array(report.text.utf8), type: "text/plain; charset=utf-8")
            case "csv": return .personal(Array(report.csv.utf8), type: "text/csv; charset=utf-8").named("sheltie-report.csv")
            default: throw PersonRefusal(422, "format may be json, text or csv")
            }
        },
        PersonRoute(
            "GET", "/privacy/export", "every row, to take along", fields: [.query("format", "json (usual) or zip: with schema and CSV")],
            answers: ["application/json", "application/zip"]
        ) { call in try await export(call, format: call.query("format") ?? "json") },
        PersonRoute(
            "POST", "/privacy/import", "take settings and suppressions along from another installation's export", takesDocument: true
        ) { call in
            _ = try await call.arrived()
            let taken = try await call.api.rights.take(call.document, of: call.alias)
            return .personal { taken.write(to: &$0) }
        },
        PersonRoute("GET", "/privacy/level", "your level, and what you would agree to with each") { call in
            let level = try await call.api.rights.viewer(call.alias).level
            return .personal { writer in
                writer.object {
                    $0.member("level", level.rawValue)
                    $0.member("agreements") {
                        $0.object { for level in PrivacyLevel.allCases { $0.member(level.rawValue) { Agreement(to: level).write(to: &$0) } } }
                    }
                }
            }
        },
        PersonRoute(
            "PUT", "/privacy/level", "choose a level; up needs the agreement's id, which is refused with its text where it is missing",
            fields: [.body("level", "NONE, LIMITED or FULL"), .body("confirm", "the id of the text that is agreed to; upwards only", isRequired: false)]
        ) { call in
            guard let level = PrivacyLevel(rawValue: try call.text("level").uppercased()) else { throw PersonRefusal(422, "a level is NONE, LIMITED or FULL") }
            return try await setLevel(level, call)
        },
        PersonRoute(
            "POST", "/privacy/forget", "forget what you did and were shown in the last hours, rather too much than too little",
            fields: [.body("hours", "1 to 24; 1 where it is missing", .integer, isRequired: false)]
        ) { call in
            let hours: Int
            switch call.body["hours"] {
            case nil, .null: hours = 1
            case .integer(let number): hours = number
            default: throw RightsError.badHours
            }
            let removed = try await call.api.rights.forget(hours: hours, of: call.alias)
            let scrubbed = removed.isEmpty ? PersonRights.Scrubbed(isDone: true) : await call.api.rights.scrubbed()
            return .personal { $0.object { $0.member("removed") { $0.counts(removed) }; $0.members(scrubbed) } }
        },
        PersonRoute(
            "POST", "/privacy/erase", "remove every row about you, for good", fields: [.body("confirm", "true: there is no way back", .boolean)]
        ) { call in
            guard call.body["confirm"] == .bool(true) else {
                throw PersonRefusal(422, "this removes everything about you for good; send {\"confirm\": true}")
            }
            let (removed, scrubbed) = try await erase(call)
            return .personal { $0.object { $0.member("removed") { $0.counts(removed) }; $0.members(scrubbed) } }
        },
    ]

    static func export(_ call: PersonCall, format: String) async throws -> ServerResponse {
        let export = try await call.api.rights.export(of: call.alias)
        switch format {
        case "json": return .personal(Array(export.json.utf8))
        case "zip": return .personal(export.zip, type: "application/zip").named("sheltie-export.zip")
        default: throw PersonRefusal(422, "format may be json or zip")
        }
    }

    /// Up only by who has been shown the text as it is now.
    static func setLevel(_ level: PrivacyLevel, _ call: PersonCall) async throws -> ServerResponse {
        let rights = call.api.rights
        let alias = try call.alias
        let agreement = Agreement(to: level)
        let present = try await rights.viewer(alias)
        if level > present.level, try call.optionalText("confirm") != agreement.id {
            return .personal(status: 422) { writer in
                writer.object {
                    $0.member("error", "send the id of the text that you agree to as \"confirm\"")
                    $0.member("confirm", agreement.id)
                    $0.member("text", agreement.text)
                }
            }
        }
        // As they were when it was looked whether they must agree: who was erased meanwhile stays erased.
        let change = try await rights.setLevel(level, of: alias, from: present)
        let scrubbed = level == .full ? PersonRights.Scrubbed(isDone: true) : await rights.scrubbed()
        return .personal { writer in
            writer.object {
                $0.member("level", change.viewer.level.rawValue)
                $0.member("rows_before") { $0.counts(change.before) }
                $0.member("rows_after") { $0.counts(change.after) }
                $0.members(scrubbed)
            }
        }
    }

    /// - Returns: rows removed, and what became of their bytes.
    static func erase(_ call: PersonCall) async throws -> ([String: Int], PersonRights.Scrubbed) {
        let removed = try await call.api.rights.erase(call.alias).removed.filter { $0.value > 0 }
        return (removed, await call.api.rights.scrubbed())
    }
}

extension Agreement {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("confirm", id)
            $0.member("text", text)
        }
    }
}
