import Database
import Fediverse
import Privacy

/// Everything about one alias, for the report and the export.
struct PersonalData: PersonalDataRepository {
    let pool: any ConnectionPool

    func everything(about alias: AliasID, in tenant: TenantKey) async throws -> [PersonalTable] {
        try await pool.read { connection in
            guard let key = try connection.aliasRow(alias, in: tenant)?.key else { return [] }
            return try Self.selections.map { name, select in
                let columns = KeepingPolicy.standard.table(name)?.reported ?? []
                let rows = try connection.all(select(tenant, key)) { row in
                    columns.enumerated().map { index, column in
                        column.isMoment ? row.instantOrNil(index)?.text : row.value(index).text
                    }
                }
                return PersonalTable(name: name, columns: columns.map(\.name), rows: rows)
            }
        }
    }

    /// Where each personal table's columns come from, in the order in which the state table reports them: public ids instead of surrogates.
    private static var selections: [(String, (TenantKey, AliasKey) -> SQL)] {
        [
            ("user_aliases", { tenant, key in """
                SELECT alias_id, key_id, privacy_level, epoch, created_at, last_seen, former_tags FROM user_aliases
                WHERE tenant_id = \(tenant) AND alias_key = \(key)
                """ }),
            ("user_interactions", { tenant, key in """
                SELECT p.post_id, a.author_id, p.local_id, CASE i.kind WHEN 0 THEN 'FAVORITE' WHEN 1 THEN 'BOOST' WHEN 2 THEN 'REPLY'
                    WHEN 3 THEN 'BOOKMARK' ELSE 'VIEW' END, i.occurred_at, i.score_weight, i.context
                FROM user_interactions i
                JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
                JOIN authors a ON a.tenant_id = p.tenant_id AND a.author_key = p.author_key
                WHERE i.tenant_id = \(tenant) AND i.alias_key = \(key) ORDER BY i.occurred_at DESC, i.post_key, i.kind
                """ }),
            ("author_preferences", { tenant, key in """
                SELECT a.author_id, r.interaction_count, r.last_interaction_at, r.preference_score, r.carried_weight, r.carried_count
                FROM author_preferences r JOIN authors a ON a.tenant_id = r.tenant_id AND a.author_key = r.author_key
                WHERE r.tenant_id = \(tenant) AND r.alias_key = \(key) ORDER BY r.author_key
                """ }),
            ("recommendation_logs", { tenant, key in """
                SELECT l.log_key, p.post_id, p.local_id, l.recommended_at, l.reason, l.model_version, l.shown_as, l.above_id, l.below_id, l.position
                FROM recommendation_logs l JOIN post_metadata p ON p.tenant_id = l.tenant_id AND p.post_key = l.post_key
                WHERE l.tenant_id = \(tenant) AND l.alias_key = \(key) ORDER BY l.recommended_at DESC, l.log_key DESC
                """ }),
            ("preferences", { tenant, key in """
                SELECT name, value FROM preferences WHERE tenant_id = \(tenant) AND alias_key = \(key) ORDER BY name
                """ }),
            ("suppressions", { tenant, key in """
                SELECT subject_kind, subject, set_at, until FROM suppressions
                WHERE tenant_id = \(tenant) AND alias_key = \(key) ORDER BY subject_kind, subject
                """ }),
            ("rec_decisions", { tenant, key in """
                SELECT decision_key, namespace, occurred_at, surface, request_id, k, effective_config, bandit, candidates_pre, final_items, metrics
                FROM rec_decisions
                WHERE tenant_id = \(tenant) AND alias_key = \(key) ORDER BY occurred_at DESC, decision_key DESC
                """ }),
            ("exposure_events", { tenant, key in """
                SELECT exposure_key, namespace, occurred_at, request_id, surface, segment, experiment, variant, policy, config_etag, rules_etag, items
                FROM exposure_events
                WHERE tenant_id = \(tenant) AND alias_key = \(key) ORDER BY occurred_at DESC, exposure_key DESC
                """ }),
            ("interaction_events", { tenant, key in """
                SELECT e.event_key, e.namespace, e.occurred_at, e.request_id, p.post_id, CASE e.kind WHEN 0 THEN 'FAVORITE' WHEN 1 THEN 'BOOST' WHEN 2 THEN 'REPLY'
                    WHEN 3 THEN 'BOOKMARK' ELSE 'VIEW' END, e.position
                FROM interaction_events e LEFT JOIN post_metadata p ON p.tenant_id = e.tenant_id AND p.post_key = e.post_key
                WHERE e.tenant_id = \(tenant) AND e.alias_key = \(key) ORDER BY e.occurred_at DESC, e.event_key DESC
                """ }),
        ]
    }
}

extension SQLValue {
    /// As a person reads it; nil for NULL. Bytes are no column of ours.
    fileprivate var text: String? {
        switch self {
        case .null: nil
        case .integer(let number): String(number)
        case .real(let number): String(number)
        case .text(let text): text
        case .blob(let bytes): "\(bytes.count) bytes"
        }
    }
}
