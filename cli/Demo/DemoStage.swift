import Curl
import DemoInstance
import Fediverse
import HTTPService
import Jobs
import Privacy
import ServiceLifecycle
import Store
import Telemetry
import Upstream

/// Where the demo is looked at: addresses on loopback and the invented reader's token.
struct DemoVisit: Sendable {
    let installation: Installation
    let proxy: String
    let token: String
    let alias: AliasID
}

/// Sets the demo up: an invented instance, an installation before it, readers with levels and histories; then serves.
struct DemoStage: Sendable {
    let folder: String
    let port: Int
    let posts: Int
    let seed: UInt64

    func run(endsAfterVisit: Bool, _ visitor: @escaping @Sendable (DemoVisit) async throws -> Void) async throws {
        let running = Announcement<Int>()
        let world = DemoWorld(seed: seed, posts: posts, now: Clock.now())
        var settings = DemoSettings()
        // The demo's own readers come from one machine all at once.
        settings.requestsPerWindow = 100_000
        let server = DemoServer(world: world, settings: settings, logger: .silent, clock: Clock.now) { running.announce($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            let base = "http://127.0.0.1:\(await running.value)"
            try await serve(before: base, server: server, endsAfterVisit: endsAfterVisit, visitor)
            group.cancelAll()
        }
    }

    private func serve(
        before base: String, server: DemoServer, endsAfterVisit: Bool, _ visitor: @escaping @Sendable (DemoVisit) async throws -> Void
    ) async throws {
        _ = try KeyRing.create(at: folder + "/key")
        let installation = try await Installation.open(
            Settings(given: [
                "upstream": base, "database": folder + "/sheltie.db", "keyFile": folder + "/key", "listen": "127.0.0.1:\(port)",
                "allowLoopbackUpstream": "true", "ingestInterval": "10", "requestBudget": "1000", "logLevel": "warning",
            ]), role: .serve)
        do {
            _ = try await installation.ingestJob().run(at: Clock.now())
            let readers = try await DemoReaders(installation: installation, server: server, seed: seed).arrive()
            let pages = try DemoPages(installation: installation, token: readers.token, alias: readers.alias)
            let failure = FirstFailure()
            let running = Announcement<Int>()
            let visit = Visit(endsAfterwards: endsAfterVisit, failure: failure) {
                let proxy = "http://127.0.0.1:\(await running.value)"
                pages.opened(at: proxy)
                try await visitor(DemoVisit(installation: installation, proxy: proxy, token: readers.token, alias: readers.alias))
            }
            try await Serving(installation).run(pages: { await pages.answer($0) }, beside: [visit]) { running.announce($0) }
            try failure.rethrow()
        } catch {
            await installation.close()
            throw error
        }
        await installation.close()
    }
}
