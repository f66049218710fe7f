import ArgumentParser
import DemoInstance
import Fediverse
import Foundation
import Glibc
import HTTPService
import Privacy

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "See it work: an invented instance with invented people, the proxy before it, a page to look at.",
        discussion: """
            Everything lives in a folder of its own that is removed at the end; only loopback is used.
            Example: sheltie demo --port 8080
            """)

    @Option(help: "The proxy's port; 0 takes a free one.") var port = 8080
    @Option(help: "Invented posts, over 14 days.") var posts = 20_000
    @Option(help: "Another number is another world.") var seed: UInt64 = 1
    @Flag(help: "Go the whole way once (page with recommendations, one interaction, report) and end.") var check = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be 0 to 65535") }
        guard (1_000...200_000).contains(posts) else { throw ValidationError("--posts must be 1000 to 200000") }
    }

    func run() async throws {
        let folder = try Self.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let stage = DemoStage(folder: folder, port: check ? 0 : port, posts: posts, seed: seed)
        if check {
            try await stage.run(endsAfterVisit: true) { try await DemoCheck(visit: $0).run() }
        } else {
            try await stage.run(endsAfterVisit: false) { Self.welcome($0) }
        }
    }

    private static func makeFolder() throws -> String {
        var template = Array((NSTemporaryDirectory() + "sheltie-demo-XXXXXX").utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
        guard let made else { throw Failure("no folder can be made for the demo's data", .cannotCreate) }
        return String(cString: made)
    }

    private static func welcome(_ visit: DemoVisit) {
        print("READY \(visit.proxy)")
        print("curl -s -H 'Authorization: Bearer \(visit.token)' '\(visit.proxy)/api/v1/timelines/home?limit=20'")
        print("\(visit.proxy)/sheltie/")
        fflush(nil)
    }
}
