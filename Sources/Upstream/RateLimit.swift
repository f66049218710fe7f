public import Fediverse
public import HTTPTypes

/// What an answer's headers say about waiting.
public struct RateLimit: Sendable, Equatable {
    /// Requests left in the window, from X-RateLimit-Remaining.
    public var remaining: Int?
    /// From Retry-After, in seconds or as a date: at least 1 second, at most an hour, whatever the instance writes.
    public var retryAfter: Instant.Span?

    /// - Parameter now: nil reads only the form in seconds.
    public init(_ fields: HTTPFields, at now: Instant? = nil) {
        remaining = fields[.rateLimitRemaining].flatMap { Int($0) }
        guard let text = fields[.retryAfter] else { return }
        let asked = now.map { now in Instant(retryAfter: text, from: now).map { $0 - now } } ?? Int64(text).map { .seconds(min($0, 86_400)) }
        retryAfter = asked.map { min(.hours(1), max(.seconds(1), $0)) }
    }
}

extension HTTPField.Name {
    static let rateLimitRemaining = HTTPField.Name("X-RateLimit-Remaining")!
    static let retryAfter = HTTPField.Name("Retry-After")!
    static let xRobotsTag = HTTPField.Name("X-Robots-Tag")!
    static let link = HTTPField.Name("Link")!
}
