public import Fediverse

/// What `sheltie privacy prove` looked at and what it found. It names places and kinds, never a value.
public struct ProofReport: Sendable {
    public static let schema = "sheltie-proof/1"

    /// What is wrong.
    public enum Kind: String, Sendable, CaseIterable {
        /// A given word stands there.
        case word
        /// The level lets nothing of the kind be kept.
        case level
        /// A time is too exact, or a part is there that the level does not keep.
        case form
        /// Older than the state table allows, by more than a day.
        case age
        /// More rows of a person than the state table allows.
        case limit
        /// A row that must follow from others does not.
        case derived
        /// A row about nobody: its alias, its tenant or its key is not there.
        case orphan
        /// Something of an author who wants to be left alone.
        case optOut = "opt-out"
        /// A shared number of too few people.
        case cell
        /// A table or a column that the state table does not know.
        case schema
        /// The invented person was not found where they were, or not gone afterwards.
        case canary
    }

    public struct Finding: Sendable, Hashable {
        public var kind: Kind
        /// A file's name, or a table's.
        public var place: String
        /// A column, or what stands at the place in the file: a table's page, a free page.
        public var part: String?
        /// What is wrong, in words of ours.
        public var what: String
        /// In a file, counted from 0; its page from 1.
        public var offset: Int?
        public var page: Int?
        /// Of a given word: how it was written, and which of the words it is, from 1.
        public var encoding: String?
        public var word: Int?
        public var count: Int

        public init(
            _ kind: Kind, in place: String, part: String? = nil, _ what: String, offset: Int? = nil, page: Int? = nil, encoding: String? = nil,
            word: Int? = nil, count: Int = 1
        ) {
            (self.kind, self.place, self.part, self.what, self.offset, self.page) = (kind, place, part, what, offset, page)
            (self.encoding, self.word, self.count) = (encoding, word, count)
        }
    }

    /// What was gone through.
    public struct Looked: Sendable, Equatable {
        public enum Unit: String, Sendable { case bytes, rows }

        public var place: String
        public var amount: Int
        public var unit: Unit

        public init(_ place: String, _ amount: Int, _ unit: Unit) { (self.place, self.amount, self.unit) = (place, amount, unit) }
    }

    /// Shared cells, each of which speaks of several people.
    public struct Cells: Sendable, Equatable {
        /// Counted anew from the rows, and right.
        public var counted = 0
        /// Rows that they were counted from have gone since, by age, by an erasure or with their status.
        public var uncountable = 0
        public init() {}
    }

    public var version: String
    public var keyID: String
    public var madeAt: Instant
    public var engine: String
    /// How many words were looked for, and in how many forms all together.
    public var words = 0
    public var forms = 0
    public var looked: [Looked] = []
    public var findings: [Finding] = []
    public var cells = Cells()
    /// What could not be looked into, and why: no finding, but no proof of it either.
    public var unread: [String] = []
    /// What was left out rightly: a backup whose key is destroyed, an alias where it belongs.
    public var notes: [String] = []
    /// What the invented person did; nil where there was none.
    public var canary: String?

    public init(version: String, keyID: String, engine: String, at now: Instant) {
        (self.version, self.keyID, self.engine, madeAt) = (version, keyID, engine, now)
    }

    /// Whether everything was looked into and nothing found.
    public var isClean: Bool { findings.isEmpty && unread.isEmpty }

    /// Adds what was found; the same at the same place is counted together.
    public mutating func note(_ finding: Finding) {
        if let same = findings.firstIndex(where: { finding.isSame(as: $0) }) { findings[same].count += finding.count } else { findings.append(finding) }
    }

    private var sorted: [Finding] {
        findings.sorted { ($0.kind.rawValue, $0.place, $0.offset ?? 0, $0.part ?? "", $0.what) < ($1.kind.rawValue, $1.place, $1.offset ?? 0, $1.part ?? "", $1.what) }
    }

    /// Compact JSON, its members in alphabetical order.
    public var json: String {
        JSONValue.object([
            "schema": .string(Self.schema), "version": .string(version), "key_id": .string(keyID), "made_at": .string(UTCText.writeFull(madeAt)),
            "engine": .string(engine), "words": .number(words), "forms": .number(forms), "clean": .bool(isClean),
            "looked_at": .array(looked.map { .object(["place": .string($0.place), $0.unit.rawValue: .number($0.amount)]) }),
            "findings": .array(sorted.map(\.json)),
            "cells": .object(["counted": .number(cells.counted), "uncountable": .number(cells.uncountable)]),
            "unread": .array(unread.map(JSONValue.string)), "notes": .array(notes.map(JSONValue.string)), "canary": JSONValue(canary),
        ]).compact
    }

    public var text: String {
        var lines = TextTable.pairs([
            ("made", UTCText.writeFull(madeAt) + " UTC"), ("by", "Sheltie \(version), key \(keyID)"), ("engine", engine),
            ("looked for", words == 0 ? "no words" : "\(words) word\(words == 1 ? "" : "s") in \(forms) forms"),
            ("shared cells", "\(cells.counted) counted anew, \(cells.uncountable) can no longer be counted"), ("canary", canary ?? "none"),
        ])
        lines += ["", "Looked at"] + TextTable.aligned(looked.map { ["  " + $0.place, String($0.amount), $0.unit.rawValue] })
        if !notes.isEmpty { lines += ["", "Left out"] + notes.map { "  " + $0 } }
        if !unread.isEmpty { lines += ["", "Could not be looked into"] + unread.map { "  " + $0 } }
        lines += ["", findings.isEmpty ? (unread.isEmpty ? "Nothing was found." : "Nothing was found in the rest.") : "Found"]
        if !findings.isEmpty { lines += TextTable.aligned(sorted.map(\.cells)) }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ProofReport.Finding {
    fileprivate func isSame(as other: Self) -> Bool {
        var copy = other
        copy.count = count
        return copy == self
    }

    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = ["kind": .string(kind.rawValue), "place": .string(place), "what": .string(what), "count": .number(count)]
        if let part { members["part"] = .string(part) }
        if let offset { members["offset"] = .number(offset) }
        if let page { members["page"] = .number(page) }
        if let encoding { members["encoding"] = .string(encoding) }
        if let word { members["word"] = .number(word) }
        return .object(members)
    }

    fileprivate var cells: [String] {
        let spot = [page.map { "page \($0)" }, offset.map { "offset \($0)" }, part].compactMap(\.self).joined(separator: ", ")
        let said = word.map { "word \($0), \(encoding ?? "")" } ?? what
        return ["  " + kind.rawValue, place, spot.isEmpty ? "-" : spot, count == 1 ? said : "\(said) (\(count) times)"]
    }
}
