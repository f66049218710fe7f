import Database
import Fediverse
import Glibc
import LoopbackClient
import Privacy
import Synchronization
import TestSupport
import Testing

/// What the clients were told, against what is stored.
final class Book: Sendable {
    private struct Act: Hashable {
        let person: Int
        let kind: String
        let post: String
        let author: String
    }

    private struct State {
        /// The last answer that came for an act: kept, or taken back.
        var known: [Act: Bool] = [:]
        /// Asked and never answered: either is right, until it is asked again.
        var unknown: Set<Act> = []
        var shown: Set<Shown> = []
        var acknowledged = 0
        var kept = 0
    }

    private struct Shown: Hashable {
        let person: Int
        let wrapper: String
    }

    private let aliases: [String]
    private let domain: String
    private let pseudonymizer: Pseudonymizer
    private let state = Mutex(State())

    init(_ people: [Visitor], _ place: Place) throws {
        aliases = try people.map { try $0.alias(at: place) }
        domain = place.domain
        pseudonymizer = try place.pseudonymizer()
    }

    var acknowledged: Int { state.withLock(\.acknowledged) }
    /// Acts of which was said that they are kept, or taken back.
    var kept: Int { state.withLock(\.kept) }
    var shown: Int { state.withLock(\.shown.count) }

    /// Everybody acts at once until the program is dead.
    func run(
        _ people: [Visitor], _ statuses: [Status], untilKilled program: Program, by deadliness: Deadliness, _ watch: WriteWatch, _ shots: [SeededGenerator]
    ) async throws {
        let before = self.acknowledged
        let acknowledged: @Sendable () -> Void = { [self] in
            let count = state.withLock { state in
                state.acknowledged += 1
                return state.acknowledged - before
            }
            if case .atAcknowledgement(let deadly) = deadliness, count >= deadly { program.send(SIGKILL) }
        }
        if case .atLogWrite(let number) = deadliness { watch.kill(program, at: watch.count + number) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, visitor) in people.enumerated() {
                group.addTask { await self.act(number, visitor, statuses, shots[number], acknowledged) }
            }
            if case .after(let delay) = deadliness { try await kill(program, after: delay) }
            try await group.waitForAll()
        }
        let ending = try await program.ended()
        #expect(ending == .init(signal: 9), "it ended by itself: \(program.errors.suffix(500))")
    }

    /// Goes on until the program no longer answers, or `isOver`.
    func act(
        _ number: Int, _ visitor: Visitor, _ statuses: [Status], _ shots: SeededGenerator, until isOver: @Sendable () -> Bool = { false },
        _ acknowledged: @Sendable () -> Void = {}
    ) async {
        var random = shots
        while !isOver() {
            let status = statuses[Int.random(in: 0..<statuses.count, using: &random)]
            do {
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    let reply = try await visitor.send("GET", "/api/v1/timelines/home?limit=20")
                    guard reply.status == 200 else { continue }
                    let wrappers = try StatusReader.statuses(in: reply.body).map(\.status).filter(\.isRecommendation).map(\.id)
                    state.withLock { $0.shown.formUnion(wrappers.map { Shown(person: number, wrapper: $0) }) }
                    acknowledged()
                case 1: try await note(number, "FAVORITE", status, kept: true, acknowledged) {
                        try await visitor.send("POST", "/api/v1/statuses/\(status.id)/favourite")
                    }
                case 2: try await note(number, "FAVORITE", status, kept: false, acknowledged) {
                        try await visitor.send("POST", "/api/v1/statuses/\(status.id)/unfavourite")
                    }
                case 3: try await note(number, "BOOST", status, kept: true, acknowledged) {
                        try await visitor.send("POST", "/api/v1/statuses/\(status.id)/reblog")
                    }
                case 4: try await note(number, "BOOKMARK", status, kept: true, acknowledged) {
                        try await visitor.send("POST", "/api/v1/statuses/\(status.id)/bookmark")
                    }
                default: try await note(number, "REPLY", status, kept: true, acknowledged) {
                        try await visitor.send("POST", "/api/v1/statuses", form: "status=Well&in_reply_to_id=\(status.id)")
                    }
                }
            } catch { return }
        }
    }

    private func note(
        _ person: Int, _ kind: String, _ status: Status, kept: Bool, _ acknowledged: @Sendable () -> Void, _ ask: () async throws -> Reply
    ) async throws {
        let act = Act(
            person: person, kind: kind, post: Pseudonymizer.postID(host: domain, uri: status.uri),
            author: pseudonymizer.authorID(uri: status.account.uri))
        state.withLock { _ = $0.unknown.insert(act) }
        let answer = try await ask()
        guard (200...299).contains(answer.status), answer["X-Sheltie-Kept"] == "yes" else { return }
        state.withLock { state in
            state.unknown.remove(act)
            state.known[act] = kept
            state.kept += 1
        }
        acknowledged()
    }

    /// - Parameter rows: while nobody acts.
    func expectKept(_ rows: some StoredTexts) throws {
        // Of an author who wants to be left alone nothing is kept, whoever acts.
        let leftAlone = Set(try rows.texts("SELECT author_id FROM author_opt_outs"))
        let stored = try rows.texts("SELECT alias_id || ' ' || interaction_type || ' ' || post_id FROM UserInteraction")
        let once = Set(stored)
        #expect(once.count == stored.count, "an act is stored twice")
        let (known, unknown, shown) = state.withLock { ($0.known, $0.unknown, $0.shown) }
        var asked: Set<String> = []
        for (act, isKept) in known {
            let row = "\(aliases[act.person]) \(act.kind) \(act.post)"
            asked.insert(row)
            if unknown.contains(act) { continue }
            let isOwed = isKept && !leftAlone.contains(act.author)
            #expect(once.contains(row) == isOwed, "\(act.kind) was acknowledged; it should be stored: \(isOwed)")
        }
        for act in unknown { asked.insert("\(aliases[act.person]) \(act.kind) \(act.post)") }
        #expect(once.isSubset(of: asked), "something is stored that nobody did")

        let logged = Set(try rows.texts("""
            SELECT u.alias_id || ' ' || l.shown_as FROM recommendation_logs l
            JOIN user_aliases u ON u.tenant_id = l.tenant_id AND u.alias_key = l.alias_key
            """))
        for one in shown { #expect(logged.contains("\(aliases[one.person]) \(one.wrapper)"), "a recommendation was shown and not noted") }

        #expect(try rows.tornPreferences() == 0)
    }
}
