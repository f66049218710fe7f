import Synchronization

/// Sums for the operator. No id, no alias, no route with an id: nothing here could name a person.
public final class ProxyCounters: Sendable {
    public enum Name: String, Sendable, CaseIterable {
        case request = "requests"
        case pageEdited = "pages-edited"
        case pageWithoutRecommendation = "pages-without-recommendation"
        case pageUntouchedByFailure = "pages-untouched-by-failure"
        case recommended = "recommendations"
        case identityFailed = "identity-failures"
        case interactionKept = "interactions"
        case interactionLost = "interactions-not-kept"
    }

    private let sums = Mutex<[Name: Int]>([:])

    public init() {}

    func count(_ name: Name, _ amount: Int = 1) { sums.withLock { $0[name, default: 0] += amount } }

    public func value(of name: Name) -> Int { sums.withLock { $0[name] ?? 0 } }
}
