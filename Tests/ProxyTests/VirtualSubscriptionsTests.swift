import HTTPService
import TestSupport
import Testing

@testable import Proxy

/// What a client says on a socket that it shares with its instance.
struct VirtualSubscriptionsTests {
    private static let mask: [UInt8] = [9, 200, 31, 4]

    private static func text(_ message: String) -> [UInt8] { WebSocket.frame(.text, Array(message.utf8), mask: mask) }

    private static let ours = VirtualList.allCases.flatMap { list in
        [
            text(#"{"type":"subscribe","stream":"list","list":"\#(list.id)"}"#), text(#"{ "list": "\#(list.id)", "stream": "list", "type": "unsubscribe" }"#),
            text(#"{"type":"subscribe","stream":"list","list":\#(list.id)}"#),
        ]
    }

    private static let others = [
        text(#"{"type":"subscribe","stream":"user"}"#), text(#"{"type":"subscribe","stream":"list","list":"12"}"#), text(""), text("no JSON"),
        text(#"{"type":"subscribe","stream":"hashtag","tag":"\#(VirtualList.forYou.id)"}"#), WebSocket.frame(.ping, [1, 2], mask: mask),
        WebSocket.frame(.text, [UInt8](repeating: 120, count: 5_000), mask: mask), WebSocket.frame(.text, [UInt8](repeating: 120, count: 70_000), mask: mask),
        // A text in two frames, with a ping between them.
        [0x01, 0x81] + mask + [7] + WebSocket.frame(.ping, [], mask: mask) + [0x80, 0x80] + mask,
        WebSocket.frame(.close, [3, 232], mask: mask),
    ]

    private static func passed(_ bytes: [UInt8], piece: Int, isLooking: Bool = true) -> [UInt8] {
        var subscriptions = VirtualSubscriptions()
        var (passed, rest): ([UInt8], ArraySlice<UInt8>) = ([], bytes[...])
        while !rest.isEmpty {
            passed += subscriptions.take(Array(rest.prefix(piece)), isLooking: isLooking)
            rest = rest.dropFirst(piece)
        }
        return passed + subscriptions.finish()
    }

    @Test(arguments: [1, 2, 3, 7, 50, 64, 4_096, 1_000_000]) func `those to lists of ours go, and all else is there byte for byte`(piece: Int) {
        let all = Self.others.enumerated().flatMap { Self.ours[$0 % Self.ours.count] + $1 }
        #expect(Self.passed(all, piece: piece) == Self.others.flatMap { $0 })
        #expect(Self.passed(all, piece: piece, isLooking: false) == all)
    }

    @Test func `what is no frame, or breaks off, passes`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Self.passed(bytes, piece: Int.random(in: 1...40, using: &random)) == bytes)
        }
        let frame = Self.ours[0]
        for count in 0..<frame.count { #expect(Self.passed(Array(frame.prefix(count)), piece: 5) == Array(frame.prefix(count))) }
        let unmasked = WebSocket.frame(.text, Array(#"{"type":"subscribe","stream":"list","list":"900000000000001"}"#.utf8))
        #expect(Self.passed(unmasked, piece: 9) == unmasked)
    }
}
