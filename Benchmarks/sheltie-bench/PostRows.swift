import Fediverse
import Privacy
import Recommender
import Store

/// New statuses by a tenth as many authors, 200 a transaction as the ingest keeps them.
///
/// - Parameter rows: also what tells the statuses of one run from those of another.
func measurePosts(database: String, rows: Int) async throws {
    let now = Instant(microseconds: wallClock())
    let storage = try await Storage.open(StoreLocation(parsing: database), role: .serve, candidateLimit: 10_000_000, now: now)
    let tenant = try await storage.tenant(domain: "home.example", at: now)
    let pseudonymizer = Pseudonymizer(try MasterKey(bytes: benchmarkKey))
    let text = String(repeating: "A status says this and that about dogs, cats and the weather of today. ", count: 4)
    let statuses = (0..<rows).map { number in
        KeptStatus(
            postID: Pseudonymizer.postID(host: "home.example", uri: "https://home.example/s/\(rows)/\(number)"),
            authorID: pseudonymizer.authorID(uri: "https://home.example/users/\(number * 7 % max(1, rows / 10))"), localID: "\(rows)-\(number)",
            content: text, language: "en", createdAt: now - .seconds(Int64(number % 86_400)), favourites: number % 9, reblogs: number % 4,
            tags: ["tag\(number % 300)", "tag\(number % 17)"])
    }
    let start = processTime()
    for group in stride(from: 0, to: rows, by: 200) {
        _ = try await storage.statuses.keep(Array(statuses[group..<min(group + 200, rows)]), cursor: nil, in: tenant, at: now)
    }
    report("posts", (processTime() - start) / Double(rows) * 1e6)
    await storage.shutdown()
}
