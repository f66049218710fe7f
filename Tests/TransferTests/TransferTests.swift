import TestSupport
import Testing

/// Moves from a file to a real server. One after another: each makes a database of its own.
@Suite(.serialized, .enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct TransferTests {}
