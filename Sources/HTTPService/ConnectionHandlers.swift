import HummingbirdCore
import NIOCore
import NIOHTTP1
import Synchronization

/// An answer's parts as the connection's task writes them.
typealias AnswerPart = HTTPPart<HTTPResponseHead, ByteBuffer>

/// The clocks of one connection, on its event loop: what it waits for now, and since when.
final class ConnectionClock {
    let limits: ServerLimits
    /// The first byte of a head that is not whole yet. A new connection owes its first head at once.
    var headSince: NIODeadline? = .now()
    var idleSince: NIODeadline = .now()
    var lastRead: NIODeadline = .now()
    var unwritableSince: NIODeadline?
    var readingBody = false
    /// Requests begun and not answered.
    var open = 0
    /// Whether a read was asked for: if not, silence is our own doing.
    var wantsBytes = false
    /// The connection has left HTTP behind: whoever answers it decides how long it may be silent.
    var isUpgraded = false
    /// Another protocol was asked for: the parser reads no more, and what comes waits in memory.
    var awaitsUpgrade = false
    /// Bytes that came meanwhile.
    var unparsed = 0

    init(limits: ServerLimits) { self.limits = limits }

    /// Whether the client has been waited for long enough.
    func isOver(at now: NIODeadline) -> Bool {
        if let unwritableSince { return now - unwritableSince > TimeAmount(limits.writeIdle) }
        if isUpgraded { return false }
        if readingBody { return wantsBytes && now - lastRead > TimeAmount(limits.bodyIdle) }
        if let headSince { return now - headSince > TimeAmount(limits.headTime) }
        return open == 0 && now - idleSince > TimeAmount(limits.keepAlive)
    }

    /// How often `isOver` is asked: a tenth of the shortest wait.
    var period: TimeAmount {
        let shortest = min(limits.headTime, limits.bodyIdle, limits.writeIdle, limits.keepAlive)
        return max(.milliseconds(10), TimeAmount(shortest / 10))
    }
}

/// First in the pipeline: notes when bytes come, before the parser has a whole head of them.
final class ByteWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let clock: ConnectionClock

    init(clock: ConnectionClock) { self.clock = clock }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = NIODeadline.now()
        clock.lastRead = now
        if !clock.readingBody, !clock.isUpgraded, clock.headSince == nil { clock.headSince = now }
        if clock.awaitsUpgrade, !clock.isUpgraded {
            // A client has nothing to say before it knows in which protocol.
            clock.unparsed += unwrapInboundIn(data).readableBytes
            guard clock.unparsed <= clock.limits.headBytes else { return context.close(promise: nil) }
        }
        context.fireChannelRead(data)
    }
}

/// After the parser: counts requests and answers, ends what takes too long, tells when the client is gone.
final class ConnectionWatch: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = AnswerPart
    typealias OutboundOut = HTTPServerResponsePart

    private let clock: ConnectionClock
    private let signals: ConnectionSignals
    private let inputEnded: EventLoopPromise<Void>
    private var timer: RepeatedTask?
    private var namesUpgrade = false

    init(clock: ConnectionClock, signals: ConnectionSignals, inputEnded: EventLoopPromise<Void>) {
        self.clock = clock
        self.signals = signals
        self.inputEnded = inputEnded
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let clock = NIOLoopBound(clock, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: self.clock.period, delay: self.clock.period) { _ in
            if clock.value.isOver(at: .now()) { channel.close(promise: nil) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        inputEnded.succeed()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        inputEnded.succeed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // As the parser decides it.
            namesUpgrade =
                head.method == .CONNECT
                || head.headers.contains(name: "Upgrade") && head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
            clock.headSince = nil
            clock.readingBody = true
            clock.open += 1
        case .body: break
        case .end:
            clock.readingBody = false
            clock.awaitsUpgrade = namesUpgrade
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        if !clock.wantsBytes {
            clock.wantsBytes = true
            clock.lastRead = .now()
        }
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        clock.wantsBytes = false
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let bytes): context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
        case .end(let trailers):
            let written = promise ?? context.eventLoop.makePromise()
            context.write(wrapOutboundOut(.end(trailers)), promise: written)
            clock.open -= 1
            clock.idleSince = .now()
            if clock.open == 0, signals.draining.load(ordering: .relaxed) { closeGently(context.channel, after: written.futureResult) }
        }
    }

    /// Ends a connection whose last answer was begun before the stop, so that its head could not say so. Closing at once could
    /// destroy what the client has not read yet; it has a second to take it and close.
    private func closeGently(_ channel: any Channel, after written: EventLoopFuture<Void>) {
        written.whenComplete { _ in
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        clock.unwritableSince = context.channel.isWritable ? nil : .now()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            signals.draining.store(true, ordering: .relaxed)
            if clock.open == 0 { context.close(promise: nil) }
        case ChannelEvent.inputClosed where clock.isUpgraded:
            // Its last bytes may still be on their way to the other end, which then is told.
            context.fireUserInboundEventTriggered(event)
        case ChannelEvent.inputClosed:
            inputEnded.succeed()
            context.fireUserInboundEventTriggered(event)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }
}

@available(*, unavailable)
extension ConnectionWatch: Sendable {}

/// What the event loop tells the connection's task.
final class ConnectionSignals: Sendable {
    /// The server stops: the running answer is the last one of this connection.
    let draining = Atomic(false)
}
