import Privacy

/// The type of a target's column, as far as rows of ours use one.
enum ColumnType: Sendable {
    case smallint, integer, bigint, boolean, real, moment, text, json, bytes

    /// - Parameter name: as `format_type` gives it.
    init?(_ name: String) {
        switch name {
        case "smallint": self = .smallint
        case "integer": self = .integer
        case "bigint": self = .bigint
        case "boolean": self = .boolean
        case "double precision": self = .real
        case "timestamp with time zone": self = .moment
        case "text": self = .text
        case "jsonb": self = .json
        case "bytea": self = .bytes
        default: return nil
        }
    }
}

/// What a source's column holds where its type alone does not say it.
enum ColumnMeaning: Sendable, Equatable {
    /// As our own schema has it: a moment is microseconds since 1970.
    case own
    /// A moment as other programs write it (`WrittenMoment`), cut to the day.
    case writtenDay
    /// Such a moment, as exact as it stands.
    case writtenMoment
    /// Such a moment in a record about a person, as exact as the person's level allows.
    case kept(KeepingPolicy.Record)
    /// What only some levels keep of a record about a person.
    case keptPart(KeepingPolicy.Record, KeepingPolicy.Part)
    /// A status's text as HTML: made plain.
    case markup
    /// A person's id: made an alias, unless it is one.
    case person
    /// An author's id: keyed, unless it is one.
    case author
}

/// What a column takes, in a form that is read for each cell without counting references.
struct ColumnForm: Sendable {
    let type: ColumnType
    /// Whether the target takes no NULL.
    var isRequired = false
    /// The most bytes of a text: bounded where it stands in an index.
    var limit = Int.max
    var meaning = ColumnMeaning.own

    /// PostgreSQL's B-tree takes entries up to a third of a page, 2,704 bytes with their head.
    static let indexedBytes = 2_600
}

/// One column on its way.
struct TransferColumn: Sendable {
    let name: String
    var form: ColumnForm
}

/// Why a value has no place in the target. The words name no value.
enum Misfit: Error, Equatable {
    case missing, nul, notUTF8, notJSON, jsonNUL, jsonTooDeep, jsonNumber, notBoolean, notWhole, notNumber, outOfRange, notMoment, momentOutOfRange
    case binary, tooLong, notAnID
    /// The server refused the row.
    case refused(String)
    /// The row that it refers to is not there.
    case orphan(of: String)

    func sentence(_ column: String) -> String {
        switch self {
        case .missing: "\(column) is missing"
        case .nul: "\(column) holds a NUL byte"
        case .notUTF8: "\(column) is not UTF-8"
        case .notJSON: "\(column) is no JSON"
        case .jsonNUL: "\(column) holds a NUL character in its JSON"
        case .jsonTooDeep: "\(column) is JSON deeper than \(CanonicalJSON.depthLimit) levels"
        case .jsonNumber: "\(column) holds a JSON number with too large an exponent"
        case .notBoolean: "\(column) is neither true nor false"
        case .notWhole: "\(column) is no whole number"
        case .notNumber: "\(column) is no number"
        case .outOfRange: "\(column) is beyond what the column can hold"
        case .notMoment: "\(column) is no date and time"
        case .momentOutOfRange: "\(column) is a time beyond the years that the server knows"
        case .binary: "\(column) is binary"
        case .tooLong: "\(column) is longer than an index can hold"
        case .notAnID: "\(column) is no id that an alias can be made of"
        case .refused(let why): "the server refused the row (\(why))"
        case .orphan(let parent): "it refers to a row of \(parent) that is not there"
        }
    }
}
