/// How much a person lets us keep about them. The raw value is the word in the database.
public enum PrivacyLevel: String, Sendable, CaseIterable, Codable, Comparable {
    case none = "NONE"
    case limited = "LIMITED"
    case full = "FULL"

    private var rank: Int { self == .none ? 0 : self == .limited ? 1 : 2 }
    public static func < (left: PrivacyLevel, right: PrivacyLevel) -> Bool { left.rank < right.rank }
}
