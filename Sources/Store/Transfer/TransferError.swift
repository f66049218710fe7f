/// Why a transfer cannot begin or end, in words that are safe to show.
public enum TransferError: Error, Equatable {
    /// The target holds tables already.
    case targetUsed
    /// A transfer into this target was begun and not ended.
    case unfinished
    /// What was begun came from another database, or in another way.
    case otherSource
    /// The user may not make a schema there.
    case notAllowed
    /// Another process is at it now.
    case running
    /// The source is no SQLite database of ours, nor of the documented five tables.
    case unknownSource
    /// A table of the source has no place in the target, or a column none in the source.
    case unknownTable(String)
    /// Someone wrote into the source meanwhile.
    case sourceChanged
    /// Rows that do not fit; nothing was made visible.
    case unfit(rows: Int)
    /// Both sides were compared and differ; nothing was made visible.
    case different(rows: Int)
    /// The documented schema tells neither the instance nor carries our key.
    case needsIdentity
}

extension TransferError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .targetUsed: "the target is used already; give an empty database"
        case .unfinished:
            "a transfer into this target was begun before; go on with --resume, or begin anew after 'DROP SCHEMA \(Staging.schema) CASCADE' there"
        case .otherSource: "the transfer into this target was begun from another database or with other choices"
        case .notAllowed: "the user may not make a schema in the target database, or tables where it shows them; let the user own it"
        case .running: "another process transfers into this target now"
        case .unknownSource: "the source is neither a database of Sheltie's nor one of the documented five tables"
        case .unknownTable(let name): "\(name) has no counterpart on the other side; both need the schema of this program: run 'sheltie db migrate' first"
        case .sourceChanged: "the source was written to during the transfer, so nothing was made visible; stop what writes and begin anew"
        case .unfit(let rows):
            "\(rows) row(s) do not fit and nothing was made visible; mend them in the source and begin anew, or go on with --resume --leave-out"
        case .different(let rows): "\(rows) row(s) differ between the two sides, so nothing was made visible"
        case .needsIdentity: "the documented schema is taken over under an instance and a key: give --domain and --key-file"
        }
    }
}
