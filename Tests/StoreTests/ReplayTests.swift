import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

@Suite struct ReplayTests {
    /// What a person last asked for.
    private enum Wish: Equatable { case level(PrivacyLevel), erased }

    private func tag(_ alias: AliasID) -> String { String(alias.hex.reversed()) }

    private func replay(_ copy: String, _ entries: [LedgerEntry], keys: Set<String> = ["key-1"], at now: Instant) async throws -> (Replay, [String: PrivacyLevel]) {
        let storage = try await Storage.open(.sqlite(path: copy), role: .alone, now: now)
        for tenant in try await storage.tenants() where keys.contains("key-1") { try await storage.registerKey(id: "key-1", in: tenant.key, at: now) }
        let told = try await storage.replay(entries, tags: { [tag($0)] }, keys: keys, at: now)
        let levels = try await storage.pool.read { connection in
            try connection.all("SELECT alias_id, privacy_level FROM user_aliases") { ($0.text(0), PrivacyLevel(rawValue: $0.text(1)) ?? .none) }
        }
        #expect(try await storage.checkIntegrity() == [])
        await storage.shutdown()
        return (told, Dictionary(uniqueKeysWithValues: levels))
    }

    @Test func `a backup put back at any moment gives nobody more than they have since allowed`() async throws {
        let test = LargeTest("restores", seed: 31)
        var random = SeededGenerator(seed: test.seed)
        var done = 0
        for _ in 0..<test.planned {
            try await TestStore.with { store in
                try await store.storage.registerKey(id: "key-1", ledger: Ledger(tag: tag, file: nil), in: store.tenant, at: noon)
                let people = 1...8
                func act(_ number: Int, at now: Instant) async throws -> Wish {
                    if Int.random(in: 0..<4, using: &random) == 0 {
                        _ = try await store.storage.people.erase(alias(number), in: store.tenant, ledgerTag: tag(alias(number)), at: now)
                        return .erased
                    }
                    let level = PrivacyLevel.allCases[Int.random(in: 0..<3, using: &random)]
                    let viewer = try await store.viewer(level, number, at: now)
                    if level != .none { try await store.act(on: number, viewer, at: now) }
                    return .level(level)
                }
                var now = noon
                for number in people where Bool.random(using: &random) { _ = try await act(number, at: now) }
                now = now + .hours(1)
                let before = try await store.rows("SELECT alias_id, privacy_level FROM user_aliases").map { "\($0[0]) \($0[1])" }
                let copy = store.path + ".copy.db"
                try await store.storage.backup(to: copy)
                // The least that each has allowed at any moment since.
                var least: [String: PrivacyLevel] = [:]
                for step in 0..<Int.random(in: 0...20, using: &random) {
                    let number = Int.random(in: people, using: &random)
                    let name = alias(number).hex
                    let wish = try await act(number, at: now + .minutes(Int64(step)))
                    let level: PrivacyLevel = if case .level(let level) = wish { level } else { .none }
                    least[name] = min(least[name] ?? .full, level)
                }
                let (told, levels) = try await replay(copy, store.storage.ledger(), at: now + .days(1))
                for row in before {
                    let name = String(row.split(separator: "\"")[1]), was = row.contains("FULL") ? PrivacyLevel.full : .limited
                    let allowed = min(was, least[name] ?? .full)
                    #expect(levels[name, default: .none] == allowed, "\(name.suffix(2)): \(was), then at most \(allowed)")
                }
                #expect(levels.count + told.erased == before.count)
            }
            done += 1
        }
        test.finish(done: done, failed: 0)
    }

    @Test func `what the copy knows is not done again, whatever the clocks said`() async throws {
        try await TestStore.with { store in
            // Erased, and come again before the copy was made.
            try await store.viewer(.full)
            _ = try await store.storage.people.erase(alias(1), in: store.tenant, ledgerTag: tag(alias(1)), at: noon)
            try await store.viewer(.full)
            try await store.storage.backup(to: store.path + ".copy.db")
            let known = try await store.storage.ledger()
            let (early, levels) = try await replay(store.path + ".copy.db", known, at: noon + .hours(1))
            #expect(early == Replay() && levels == [alias(1).hex: .full])
            // Noted before the copy and committed after it.
            let late = LedgerEntry(tag: tag(alias(1)), level: .none, at: noon + .seconds(1))
            let (told, none) = try await replay(store.path + ".copy.db", known + [late], at: noon + .hours(1))
            #expect(told == Replay(erased: 1) && none.isEmpty)
            // The restored ledger knows it now.
            let (again, still) = try await replay(store.path + ".copy.db", known + [late], at: noon + .hours(1))
            #expect(again == Replay() && still.isEmpty)
        }
    }

    @Test func `a backup put back at any moment recommends no author who has since asked not to be`() async throws {
        var random = SeededGenerator(seed: 32)
        var (entered, takenBack) = (0, 0)
        for _ in 0..<20 {
            try await TestStore.with { store in
                let folder = try TemporaryFolder()
                let file = try LedgerFile(beside: folder.path + "/key")
                try await store.storage.registerKey(id: "key-1", ledger: Ledger(tag: tag, file: file), in: store.tenant, at: noon)
                try await store.keep((1...6).map { .status($0, by: $0) })
                var asked: Set<String> = []
                func ask(_ step: Int) async throws {
                    let author = id(Int.random(in: 1...6, using: &random))
                    let source = [OptOutSource.request, .listing].randomElement(using: &random)!
                    if asked.contains("\(source) \(author)") {
                        _ = try await store.storage.statuses.optIn(authorID: author, source: source, in: store.tenant, at: noon + .minutes(Int64(step)))
                        asked.remove("\(source) \(author)")
                    } else {
                        _ = try await store.storage.statuses.optOut(authorID: author, source: source, in: store.tenant, at: noon + .minutes(Int64(step)))
                        asked.insert("\(source) \(author)")
                    }
                }
                for step in 0..<3 { try await ask(step) }
                let copy = store.path + ".copy.db"
                try await store.storage.backup(to: copy)
                let before = asked
                for step in 3..<Int.random(in: 4...12, using: &random) { try await ask(step) }
                entered += asked.subtracting(before).count
                takenBack += before.subtracting(asked).count
                let present = Bool.random(using: &random) ? try await store.storage.authorLedger() : []
                let restored = try await Storage.open(.sqlite(path: copy), role: .alone, now: noon + .days(1))
                let told = try await restored.replay(try present + file.authorEntries())
                #expect(told.leftAlone == asked.subtracting(before).count)
                var stands: Set<String> = []
                for number in 1...6 {
                    let out = try await restored.statuses.optOut(of: id(number), in: store.tenant)
                    if out?.requestedAt != nil { stands.insert("\(OptOutSource.request) \(id(number))") }
                    if out?.listedAt != nil { stands.insert("\(OptOutSource.listing) \(id(number))") }
                    let left = try await restored.pool.read { try $0.count("SELECT count(*) FROM authors WHERE author_id = \(id(number))") }
                    if out != nil { #expect(left == 0, "\(number) is left alone") }
                }
                #expect(stands == asked)
                await restored.shutdown()
            }
        }
        #expect(entered > 10 && takenBack > 2, "\(entered), \(takenBack)")
    }

    @Test func `who is known by a key that is gone goes, whatever the ledger says`() async throws {
        try await TestStore.with { store in
            try await store.act(on: 1, store.viewer(.full))
            try await store.storage.backup(to: store.path + ".copy.db")
            let (told, levels) = try await replay(store.path + ".copy.db", [], keys: ["key-2"], at: noon)
            #expect(told == Replay(erased: 1) && levels.isEmpty)
        }
    }
}
