public import Curl
public import Fediverse
import HTTPTypes

/// The instance's public stream, listened to for what is deleted and edited.
public struct StatusStream: Sendable {
    public enum Event: Sendable, Equatable {
        /// By its id at the instance.
        case deleted(id: String)
        case edited(Status)
    }

    private let instance: Instance
    private let client: CurlClient
    private let userAgent: String
    private let authorization: String?

    /// The server sends a sign of life every 15 seconds.
    private static let limits = CurlRequest.Limits(firstByte: .seconds(20), idle: .seconds(90), total: nil, bodyBytes: nil)

    /// - Parameter token: the operator's own, where the instance wants one (Mastodon since 4.2); it goes nowhere else.
    public init(instance: Instance, client: CurlClient, userAgent: String, token: String?) {
        self.instance = instance
        self.client = client
        self.userAgent = userAgent
        authorization = token.map { "Bearer " + $0 }
    }

    /// Listens until the stream ends, and hands on one event after the other. What is not understood is left out.
    /// - Throws: `UpstreamError` when there is no stream, or when it breaks off.
    public func listen(_ handle: (Event) async throws -> Void) async throws {
        var fields: HTTPFields = [.accept: "text/event-stream", .userAgent: userAgent]
        if let authorization { fields[.authorization] = authorization }
        do {
            let response = try await client.send(
                CurlRequest(url: instance.base + "/api/v1/streaming/public", fields: fields, limits: Self.limits))
            guard response.status == 200 else { throw UpstreamError.status(response.status, retryAfter: RateLimit(response.fields).retryAfter) }
            guard response.fields[.contentType]?.lowercased().hasPrefix("text/event-stream") ?? false else { throw UpstreamError.notUnderstood }
            var parser = EventStreamParser()
            while let bytes = try await response.body.next() {
                for event in parser.take(bytes) { if let event = Self.understood(event) { try await handle(event) } }
            }
        } catch let error as CurlError {
            throw UpstreamError.transport(error)
        }
    }

    /// nil for an event that changes no stored status, and for one that is not understood.
    public static func understood(_ event: EventStreamParser.Event) -> Event? {
        switch event.name {
        case "delete":
            let isID = (1...64).contains(event.data.utf8.count) && event.data.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            return isID ? .deleted(id: event.data) : nil
        case "status.update": return (try? StatusReader.status(in: Array(event.data.utf8))).map(Event.edited)
        default: return nil
        }
    }

    /// The event in a message of a WebSocket, whose payload is a text; nil where it is none that `understood` knows.
    public static func event(inMessage bytes: [UInt8]) -> EventStreamParser.Event? {
        bytes.withUnsafeBytes { bytes in
            let read = Result { () throws(JSONError) -> EventStreamParser.Event? in
                var scanner = JSONScanner(bytes)
                var (name, payload): (String?, String?) = (nil, nil)
                var object = try scanner.enterObject()
                while let key = try scanner.nextKey(&object) {
                    switch key {
                    case "event":
                        name = try scanner.string()
                        // Most of what comes are new statuses, which are long.
                        if name != "delete", name != "status.update" { return nil }
                    case "payload": payload = try scanner.stringOrNull()
                    default: try scanner.skip()
                    }
                }
                guard let name, let payload else { return nil }
                return EventStreamParser.Event(name: name, data: payload)
            }
            return try? read.get()
        } ?? nil
    }
}
