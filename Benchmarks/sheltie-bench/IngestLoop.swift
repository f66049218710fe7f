import Fediverse
import Glibc
import Jobs
import Privacy
import Recommender
import Store
import Upstream

/// From JSON in memory to committed rows, with everything that the ingest does between; first as a whole into the database,
/// then each part alone.
///
/// - Parameter pages: a file with one JSON array of statuses on each line.
func measureIngest(pages path: String, database: String) async throws {
    let pages = try readLines(path)
    let now = Instant(microseconds: wallClock())
    let storage = try await Storage.open(StoreLocation(parsing: database), role: .serve, now: now)
    let tenant = try await storage.tenant(domain: "home.example", at: now)
    let intake = StatusIntake(
        instance: Instance(domain: "home.example", base: "https://home.example"),
        pseudonymizer: Pseudonymizer(try MasterKey(bytes: benchmarkKey)), consent: ConsentPolicy(), keepsContent: true)

    let start = processTime()
    var (read, written) = (0, 0)
    let batch = IngestJob.Settings(sources: [.public], consent: ConsentPolicy()).batch
    var waiting: [Status] = []
    for (place, page) in pages.enumerated() {
        waiting += try StatusReader.page(in: page).statuses.map(\.status)
        guard waiting.count >= batch || place == pages.count - 1 else { continue }
        read += waiting.count
        written += try await intake.take(waiting, from: "public", into: storage.statuses, in: tenant, at: now).kept
        waiting = []
    }
    let whole = processTime() - start
    await storage.shutdown()
    report("statuses", Double(read))
    report("rows", Double(written))
    report("whole", whole / Double(read) * 1e6)

    var mark = processTime()
    let parsed = try pages.map { try StatusReader.page(in: $0).statuses.map(\.status) }
    report("read", (processTime() - mark) / Double(read) * 1e6)
    mark = processTime()
    for page in parsed { use(intake.judge(page, from: "public", at: now)) }
    report("judge", (processTime() - mark) / Double(read) * 1e6)
    let consent = ConsentPolicy()
    mark = processTime()
    for page in parsed {
        for status in page {
            use(consent.refusal(of: status.reblog?.status ?? status, at: now, isLocalAuthor: { _ in false }, authorOptedOut: { _ in false }))
        }
    }
    report("consent", (processTime() - mark) / Double(read) * 1e6)
    mark = processTime()
    for page in parsed { for status in page { use(HTMLText.plain((status.reblog?.status ?? status).content)) } }
    report("plain", (processTime() - mark) / Double(read) * 1e6)
}

func wallClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
}

private func readLines(_ path: String) throws -> [[UInt8]] {
    guard let file = fopen(path, "rb") else { throw BenchmarkError(text: "cannot read \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { break }
        bytes += buffer[..<count]
    }
    return bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) }
}

struct BenchmarkError: Error {
    let text: String
}
