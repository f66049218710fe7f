import Fediverse
import Privacy
import Recommender
import Store

/// Interactions of 200 people on 20,000 statuses, as the proxy records them: many at once, which share transactions, then one
/// after the other, each durable before the next begins.
func measureInteractions(database: String, rows: Int, alone: Int) async throws {
    let now = Instant(microseconds: wallClock())
    let storage = try await Storage.open(StoreLocation(parsing: database), role: .serve, now: now)
    let tenant = try await storage.tenant(domain: "home.example", at: now)
    let pseudonymizer = Pseudonymizer(try MasterKey(bytes: benchmarkKey))
    try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: now)
    var viewers: [Viewer] = []
    for person in 0..<200 {
        let alias = try pseudonymizer.alias(domain: "home.example", accountID: String(person))
        viewers.append(try await storage.people.setLevel(.full, of: alias, in: tenant, at: now).viewer)
    }
    let posts = (0..<20_000).map { status in
        PostReference(
            postID: Pseudonymizer.postID(host: "home.example", uri: "https://home.example/s/\(status)"),
            authorID: pseudonymizer.authorID(uri: "https://home.example/users/\(status % 2_000)"))
    }
    for start in stride(from: 0, to: posts.count, by: 1_000) {
        let kept = posts[start..<start + 1_000].enumerated().map { place, post in
            KeptStatus(postID: post.postID, authorID: post.authorID, localID: String(start + place), createdAt: now)
        }
        _ = try await storage.statuses.keep(kept, cursor: nil, in: tenant, at: now)
    }
    report("prepared", 1)

    // Each pair of person and status once, in an order that jumps over both.
    let acts = (0..<rows + alone).map { number -> Permitted<Interaction>? in
        let (person, status) = (number % viewers.count, (number &* 7_919 + number / viewers.count) % posts.count)
        return PrivacyPolicy().permit(
            Interaction(post: posts[status], kind: .favourite, at: now), visibility: .public, for: viewers[person])
    }.compactMap(\.self)
    guard acts.count == rows + alone else { throw BenchmarkError(text: "an act was not permitted") }
    var start = processTime()
    for group in stride(from: 0, to: rows, by: 1_000) {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for act in acts[group..<min(group + 1_000, rows)] { tasks.addTask { _ = try await storage.interactions.record(act) } }
            try await tasks.waitForAll()
        }
    }
    report("together", (processTime() - start) / Double(rows) * 1e6)
    start = processTime()
    for act in acts[rows...] { _ = try await storage.interactions.record(act) }
    report("alone", (processTime() - start) / Double(alone) * 1e6)
    await storage.shutdown()
}
