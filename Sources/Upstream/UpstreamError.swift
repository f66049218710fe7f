public import Curl
public import Fediverse

/// Why an instance gave no usable answer. Safe to show: no address, no token, no body.
public enum UpstreamError: Error, Equatable {
    case transport(CurlError)
    /// An answer other than 200, with what it said about waiting.
    case status(Int, retryAfter: Instant.Span?)
    /// The answer is not the JSON that was asked for.
    case notUnderstood

    /// Whether we stopped the request ourselves: that says nothing about the instance.
    public var isOurStop: Bool { self == .transport(.cancelled) }
}
