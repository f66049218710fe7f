public import HTTPTypes

/// One request to another host, before it is sent.
///
/// Redirects are never followed, nothing is retried, nothing is decoded: the answer's body is as it came over the wire,
/// only without the transfer framing. Method, header names and values are checked before libcurl sees them.
/// Sent is what `fields` says and nothing more, but for Host (unless given) and the framing, which is made from the body:
/// Content-Length, Transfer-Encoding and Expect of the caller are left out.
public struct CurlRequest: Sendable {
    /// Absolute, with its path and query byte for byte as they shall be sent.
    public var url: String
    public var method: String
    public var fields: HTTPFields
    public var body: Body
    public var limits: Limits

    /// A HEAD request has none, whatever is given.
    public enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Pulled with back-pressure; chunked when the length is not known. The source should end when its task is cancelled;
        /// when it throws, or gives more or less than `length`, the request ends as `cancelled`.
        case stream(length: Int?, @Sendable () async throws -> [UInt8]?)
    }

    public struct Limits: Sendable {
        /// From the start to a connection that is ready, resolving, TLS and waiting for a free one included.
        public var connect: Duration
        /// From the start, or from the last byte of the request's body, to the end of the answer's head.
        public var firstByte: Duration
        /// The longest silence inside a body, either way; while our own reader holds the peer back does not count.
        public var idle: Duration
        /// nil: no end, for streams.
        public var total: Duration?
        public var headBytes: Int
        public var headFields: Int
        /// nil: no limit, for pass-through, which streams.
        public var bodyBytes: Int?

        public init(
            connect: Duration = .seconds(5), firstByte: Duration = .seconds(10), idle: Duration = .seconds(10),
            total: Duration? = .seconds(30), headBytes: Int = 64 * 1024, headFields: Int = 100, bodyBytes: Int? = 8 << 20
        ) {
            self.connect = connect
            self.firstByte = firstByte
            self.idle = idle
            self.total = total
            self.headBytes = headBytes
            self.headFields = headFields
            self.bodyBytes = bodyBytes
        }
    }

    public init(url: String, method: String = "GET", fields: HTTPFields = [:], body: Body = .none, limits: Limits = Limits()) {
        self.url = url
        self.method = method
        self.fields = fields
        self.body = body
        self.limits = limits
    }
}

/// Why there is no answer, or no more of it. The words are safe to show: no URL, no address, no header value.
public enum CurlError: Error, Equatable {
    case invalidURL
    case invalidMethod
    case invalidField(name: String)
    /// Neither https nor a loopback address that the settings allow.
    case schemeRefused
    /// The name resolves to an address that is not globally routable, and not allowed.
    case addressRefused
    case cannotResolve
    case cannotConnect
    case tlsFailed
    /// A deadline passed: connect, firstByte, idle or total.
    case timedOut(stage: String)
    /// The answer broke off, or contradicts its own framing.
    case brokenAnswer
    case tooLarge(what: String)
    /// By the task, by the body's source, or by the client's shutdown.
    case cancelled
    case other(code: Int)
}
