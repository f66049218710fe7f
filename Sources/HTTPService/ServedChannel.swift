import NIOCore
import NIOHTTP1
import Synchronization

/// The streams of an accepted connection, to be served once.
///
/// NIO stops the process when a channel's writer goes without having been finished. That is what happens to a connection that
/// is accepted at the moment in which the server stops: nobody serves it. So whoever lets this go unserved ends it.
final class ServedChannel: Sendable {
    typealias Streams = NIOAsyncChannel<HTTPServerRequestPart, AnswerPart>

    let channel: any Channel
    private let streams: Mutex<Streams?>

    init(_ streams: Streams, of channel: any Channel) {
        self.channel = channel
        self.streams = Mutex(streams)
    }

    deinit {
        guard let streams = streams.withLock({ $0 }) else { return }
        Task { try? await streams.executeThenClose { _, _ in } }
    }

    /// Runs `body` over the streams and closes the channel. A second call does nothing.
    func executeThenClose(
        _ body: (NIOAsyncChannelInboundStream<HTTPServerRequestPart>, NIOAsyncChannelOutboundWriter<AnswerPart>) async throws -> Void
    ) async throws {
        let taken = streams.withLock { streams in
            defer { streams = nil }
            return streams
        }
        try await taken?.executeThenClose(body)
    }
}
