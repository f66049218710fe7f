import Synchronization

/// What a test wants to go wrong: for the routes that it names, from the next request on.
public final class DemoFaults: Sendable {
    public struct Fault: Sendable {
        public enum Body: Sendable {
            case asItIs
            /// The announced length, but only this share of the bytes; then the connection is cut.
            case truncated(share: Double)
            /// An error page such as a front server sends.
            case html
            /// Other bytes under the same head.
            case bytes([UInt8])
            /// The head, and then nothing until the client goes.
            case hang
        }

        /// Before anything is done.
        public var latency: Duration = .zero
        /// Between the head and the second half of the body.
        public var latencyInside: Duration = .zero
        /// Instead of the real status; the request is then not carried out.
        public var status: Int?
        public var body = Body.asItIs
        /// Header fields that are put in, or in the place of others.
        public var fields: [String: String] = [:]
        /// After how many requests the fault is over; nil: when it is taken away.
        public var times: Int?

        public init() {}
    }

    private let faults = Mutex<[String: Fault]>([:])

    public init() {}

    /// - Parameter route: a template as `/api/v1/timelines/home`, or `*` for all that have none of their own.
    public func set(_ route: String, _ change: (inout Fault) -> Void) {
        var fault = Fault()
        change(&fault)
        faults.withLock { [fault] in $0[route] = fault }
    }

    public func clear() { faults.withLock { $0 = [:] } }

    func next(for route: String) -> Fault? {
        faults.withLock { all in
            let key = all[route] != nil ? route : "*"
            guard var fault = all[key] else { return nil }
            if let times = fault.times {
                guard times > 0 else { return nil }
                fault.times = times - 1
                all[key] = fault
            }
            return fault
        }
    }
}
