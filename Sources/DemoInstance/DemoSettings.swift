/// How a demo server behaves.
public struct DemoSettings: Sendable {
    public var title = "Meadow, a demonstration"
    /// How clients reach it, without a slash at the end; nil: as the request's Host says, over http.
    public var publicURL: String?
    /// Requests for each token in five minutes; Mastodon gives 300. Past it 429.
    public var requestsPerWindow = 300
    /// Uploads are kept in memory up to this many bytes; the oldest go first.
    public var mediaBytes = 32 << 20
    /// The largest body that is read.
    public var bodyBytes = 16 << 20
    /// Whether the world goes on with the clock.
    public var grows = true

    public init() {}
}
