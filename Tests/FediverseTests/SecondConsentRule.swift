/// The candidate filter once more, written from its text as a list of what each member may say. It knows nothing of the
/// product's types: a case is the JSON written for each member, nil where the member is left out.
struct SecondConsentRule {
    var allowsGroups = false
    var takesUnknownIndexable = false

    typealias Case = [String: String]

    /// Members of the account and status under one roof; `bio` and `optedOut` are facts of the test.
    func allows(_ said: Case) -> Bool {
        let exactly: [String: Set<String?>] = [
            "visibility": ["\"public\""],
            "discoverable": ["true"],
            "noindex": ["false", "null", nil],
            "locked": ["false"],
            "bot": ["false"],
            "group": allowsGroups ? ["false", "true", "null", nil] : ["false"],
            "suspended": ["false", "null", nil],
            "limited": ["false", "null", nil],
            "memorial": ["false", "null", nil],
            "moved": ["false", "null", nil],
            "in_reply_to_id": ["null"],
            "sensitive": ["false"],
            "spoiler_text": ["\"\""],
            "mentions": ["[]", #"[{"id":"1"}]"#],
            "quote": ["null", nil],
            "hidesTag": [nil],
            "optedOut": [nil],
        ]
        for (member, answers) in exactly where !answers.contains(said[member]) { return false }
        // FEP-268d: the status's list, else the author's, else the flag. An empty list was not said.
        for level in ["status_searchable_by", "account_searchable_by"] {
            guard let list = said[level], list != "null", list != "[]" else { continue }
            return list.contains("#Public\"") || list.contains("\"as:Public\"") || list.contains("\"Public\"")
        }
        switch said["indexable"] {
        case "true": return true
        case "false": return false
        default: return takesUnknownIndexable
        }
    }
}
