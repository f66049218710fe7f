import Testing

@testable import Upstream

struct EventStreamTests {
    private static func read(_ pieces: [[UInt8]], limit: Int = 1_000) -> [EventStreamParser.Event] {
        var parser = EventStreamParser(limit: limit)
        return pieces.flatMap { parser.take($0) }
    }

    private static func read(_ text: String, limit: Int = 1_000) -> [EventStreamParser.Event] { read([Array(text.utf8)], limit: limit) }

    @Test func `events come whole, comments and other fields left out`() {
        #expect(Self.read(":thump\n\nevent: delete\ndata: 114\n\n:thump\nid: 7\nevent:status.update\ndata:{\"a\":\ndata: 1}\n\n")
            == [.init(name: "delete", data: "114"), .init(name: "status.update", data: "{\"a\":\n1}")])
        #expect(Self.read("data: x\n\ndata\n\nevent: lonely\n\n\u{FEFF}data: y\n\ndata: never ends") == [.init(name: "message", data: "x"), .init(name: "message", data: "")])
        #expect(Self.read("\u{FEFF}data: x\r\n\r\nevent: e\rdata: y\r\r") == [.init(name: "message", data: "x"), .init(name: "e", data: "y")])
    }

    @Test func `the same events come however the bytes are cut`() {
        let bytes = Array("event: delete\r\ndata: 114\r\n\r\n:x\r\nevent: status.update\ndata: Zwölf\ndata: 🐕\n\nevent: e\rdata: y\r\r".utf8)
        let whole = Self.read([bytes])
        #expect(whole.count == 3)
        for cut in bytes.indices {
            for second in stride(from: cut, to: bytes.count, by: 3) {
                #expect(Self.read([Array(bytes[..<cut]), Array(bytes[cut..<second]), Array(bytes[second...])]) == whole)
            }
        }
        #expect(Self.read(bytes.map { [$0] }) == whole)
    }

    @Test func `an event past the limit is left out, and the next is read`() {
        let long = "data: " + String(repeating: "x", count: 2_000)
        #expect(Self.read("event: delete\n\(long)\n\nevent: delete\ndata: 5\n\n") == [.init(name: "delete", data: "5")])
        let many = String(repeating: "data: " + String(repeating: "x", count: 50) + "\n", count: 30)
        #expect(Self.read("\(many)\nevent: delete\ndata: 5\n\n") == [.init(name: "delete", data: "5")])
    }

    @Test(arguments: [("delete", ""), ("delete", "1 2"), ("delete", "1\n2"), ("delete", String(repeating: "1", count: 65)), ("status.update", "{"), ("status.update", "{}"), ("update", "{}"), ("notification", "1"), ("message", "114")])
    func `what is no deletion and no edit is left out`(name: String, data: String) {
        #expect(StatusStream.understood(.init(name: name, data: data)) == nil)
    }
}
