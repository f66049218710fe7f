extension PrivacyReport {
    /// The report for programs: `schema` names this form, times are `2026-07-01 09:30:00` in UTC.
    public var json: String {
        var members = facts
        members["made_at"] = .string(UTCText.writeFull(madeAt))
        members["checksum"] = .string(checksum)
        return JSONValue.object(members).pretty
    }

    /// Everything but the time of the report.
    var facts: [String: JSONValue] {
        if let nothingStored { return ["schema": .string(Self.schema), "level": .string(viewer.level.rawValue), "statement": .string(nothingStored)] }
        return [
            "schema": .string(Self.schema),
            "service": .object([
                "name": .string(service.name), "version": .string(service.version), "contact": JSONValue(service.contact),
                "instance": .string(service.instance),
            ]),
            "alias": .string(viewer.alias.hex),
            "alias_since": JSONValue(aliasSince.map(UTCText.writeFull)),
            "key_id": .string(keyID),
            "level": .string(viewer.level.rawValue),
            "default_level": .string(service.defaultLevel.rawValue),
            "tables": .array(sections.map(\.json)),
            "kept": .array(KeepingPolicy.Record.allCases.map { record in
                .object(["what": .string(record.title), "how": .string(keeping.words(for: record, at: viewer.level))])
            }),
            "parameters": .array(service.parameters.map { .object(["name": .string($0.name), "value": .string($0.value)]) }),
            "without_profile": .string(Self.withoutProfile),
            "explanation": .string(explanation),
            "not_kept": .array(Self.notKept.map(JSONValue.string)),
            "visible_to": .array(Self.visibleTo.map(JSONValue.string)),
            "recipients": .array([]),
            "transfers": .array([]),
            "cannot_be_shown": .array(cannotBeShown.map(JSONValue.string)),
            "rights": .array(rights.map(JSONValue.string)),
            "anonymizer": .object([
                "last_run": JSONValue(service.lastAnonymized.map(UTCText.writeFull)),
                "next_run": JSONValue(service.nextAnonymized.map(UTCText.writeFull)),
                "removed_of_everybody": service.lastRemoved.map(JSONValue.number) ?? .null,
            ]),
        ]
    }
}

extension PrivacyReport.Section {
    fileprivate var json: JSONValue { .object(summary.merging(["content": table.json]) { first, _ in first }) }

    /// What is said of the table as a whole.
    var summary: [String: JSONValue] {
        [
            "name": .string(table.name), "purpose": .string(purpose.purpose), "legal_basis": .string(PrivacyReport.legalBasis),
            "rows": .number(table.rows.count), "oldest": JSONValue(oldest.map(UTCText.writeFull)),
            "newest": JSONValue(newest.map(UTCText.writeFull)), "next_deletion": JSONValue(nextDeletion.map(UTCText.writeFull)),
            "ends": .string(purpose.ending),
        ]
    }
}

extension PersonalTable {
    /// Each row as an object of its columns.
    var json: JSONValue {
        .array(rows.map { row in
            .object(Dictionary(zip(columns, row.map { JSONValue($0) }), uniquingKeysWith: { first, _ in first }))
        })
    }
}
