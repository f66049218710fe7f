public import Fediverse

/// One thing that is stored about a person, named as their report names it, to be removed by itself.
public enum PersonalRow: Sendable, Equatable {
    /// What they did with a status.
    case interaction(InteractionKind, postID: String)
    /// How much they like an author, with the acts that it was made of: from these alone it would come back.
    case author(id: String)
    /// One recommendation that was shown.
    case recommendation(id: Int64)
    case suppression(Suppression.Subject)
    case setting(name: String)
    case evidence(Evidence, id: Int64)

    /// A table of evidence.
    public enum Evidence: String, Sendable, CaseIterable {
        case decision = "rec_decisions"
        case exposure = "exposure_events"
        case event = "interaction_events"
    }
}

extension Suppression.Subject {
    /// - Returns: nil unless `kind` is `author` with 64 lower-case hex digits or `reason` with a short code.
    public init?(kind: String, subject: String) {
        switch kind {
        case "author":
            // An author's id has an alias's form: 64 hex digits.
            guard AliasID(hex: subject) != nil else { return nil }
            self = .author(id: subject)
        case "reason":
            guard (1...64).contains(subject.utf8.count), subject.utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2D }) else { return nil }
            self = .reason(code: subject)
        default: return nil
        }
    }

    /// As it stands in the table and in the report: the kind, then the author's id or the reason's code.
    public var words: (kind: String, subject: String) {
        switch self {
        case .author(let id): ("author", id)
        case .reason(let code): ("reason", code)
        }
    }
}
