public import Curl
public import Fediverse
public import HTTPService
public import Recommender
public import Upstream

/// What the proxy is told from outside; each has its flag and its sentence in `cli/Settings.swift`.
public struct ProxySettings: Sendable {
    public var instance: Instance
    public var listen: ListenAddress
    /// How clients reach us, without a slash at the end; nil: on loopback, from each request's Host.
    public var publicURL: String?
    public var consent: ConsentPolicy
    public var recommender: TimelineRecommender
    public var recommendationsPerPage = 4
    /// How long after upstream's answer our part may take before the page goes out as it came.
    public var decisionTime: Duration = .milliseconds(150)
    /// How long a first request may wait for the instance to say whose token it is.
    public var verificationTime: Duration = .seconds(2)
    /// How long any request may wait for the database.
    public var lookUpTime: Duration = .milliseconds(150)
    /// Requests of ours on a person's token in 5 minutes.
    public var budget = 20
    /// For what passes through: no size limit, and silence only ends a body.
    public var passThroughLimits = CurlRequest.Limits(firstByte: .seconds(30), idle: .seconds(60), total: nil, bodyBytes: nil)
    /// What clients may take of us; `streamLimit` connections come on top.
    public var serverLimits = ServerLimits()
    /// The longest silence of a stream, either way; servers give a sign of life every 15 to 30 seconds.
    public var streamIdle: Duration = .seconds(300)
    /// Between two signs of life on a stream of a list of ours.
    public var streamPing: Duration = .seconds(30)
    /// Open at once; beyond it 503.
    public var streamLimit = 4_000
    /// How often the instance is asked whether the token of an open stream still holds.
    public var streamCheckInterval: Duration = .seconds(60)
    /// The largest home page that is edited; a larger one goes out as it came.
    public var largestPage = 8 << 20

    public init(
        instance: Instance, listen: ListenAddress, publicURL: String? = nil, consent: ConsentPolicy = ConsentPolicy(), recommender: TimelineRecommender
    ) {
        self.instance = instance
        self.listen = listen
        self.publicURL = publicURL
        self.consent = consent
        self.recommender = recommender
    }
}
