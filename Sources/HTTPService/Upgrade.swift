import NIOCore
import NIOHTTP1

/// Takes a connection out of HTTP, on its event loop.
///
/// Not NIO's own upgrade handlers: they answer 101 by themselves, before it is known what the instance says; and the connection's
/// parts would become another type in the middle of its life. So the parser goes, and what comes passes as a body without an end.
struct Upgrade {
    let requests: ByteToMessageHandler<HTTPRequestDecoder>
    let clock: ConnectionClock

    func perform(on channel: any Channel) -> EventLoopFuture<Void> {
        clock.isUpgraded = true
        clock.headSince = nil
        let pipeline = channel.pipeline.syncOperations
        do {
            try pipeline.addHandler(BytesAsParts(), position: .after(requests))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return pipeline.removeHandler(requests)
    }
}

/// Hands on what comes as parts of a body. Outbound the encoder does so itself, after a head without framing.
private final class BytesAsParts: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(wrapInboundOut(.body(unwrapInboundIn(data))))
    }
}
