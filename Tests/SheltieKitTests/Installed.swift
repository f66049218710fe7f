import Fediverse
import Glibc
import Privacy
import SheltieKit
import Store
import Synchronization

/// 2025-04-22 12:00 UTC, the day of the documented example.
let noon = Instant(seconds: 20_200 * 86_400 + 12 * 3_600)

/// A key and a database in a folder of their own, opened at a time that tests set.
final class Installed: Sendable {
    let service: RecommenderService
    let folder: String
    let time: Time

    /// A clock that is moved by hand.
    final class Time: Sendable {
        private let now = Mutex(noon)
        var value: Instant { now.withLock { $0 } }
        func move(by span: Instant.Span) { now.withLock { $0 = $0 + span } }
    }

    private init(service: RecommenderService, folder: String, time: Time) {
        self.service = service
        self.folder = folder
        self.time = time
    }

    /// Lends a fresh service to `body` and removes it afterwards.
    static func with(instance: String? = nil, defaultLevel: PrivacyLevel = .none, _ body: (Installed) async throws -> Void) async throws {
        let folder = try temporaryFolder()
        defer { remove(folder) }
        _ = try KeyRing.create(at: folder + "/key")
        let time = Time()
        var options = RecommenderService.Options()
        options.defaultLevel = defaultLevel
        let service = try await RecommenderService.open(
            database: folder + "/sheltie.db", keyFile: folder + "/key", instance: instance, options: options, clock: { time.value })
        do {
            try await body(Installed(service: service, folder: folder, time: time))
        } catch {
            await service.close()
            throw error
        }
        await service.close()
    }

    func choose(_ level: String, _ userID: String = "actual_user_123") async throws {
        try await service.updatePrivacySettings(userID: userID, privacyLevel: level)
    }

    /// Rows of all tables, by table; a table without rows is left out.
    func rows() async throws -> [String: Int] {
        let info = try await service.storage.info()
        return Dictionary(uniqueKeysWithValues: info.tables.filter { $0.rows > 0 }.map { ($0.name, $0.rows) })
    }

    /// Everything in the database's files, as bytes.
    func bytesAtRest() -> [UInt8] {
        ["/sheltie.db", "/sheltie.db-wal", "/sheltie.db-shm", "/sheltie.db-journal"].flatMap { contents(of: folder + $0) }
    }
}

enum FolderError: Error { case cannotMake }

func temporaryFolder() throws -> String {
    var template = Array("/tmp/sheltie-kit-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw FolderError.cannotMake }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Removes a folder that holds files only.
func remove(_ folder: String) {
    if let opened = opendir(folder) {
        while let entry = readdir(opened) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            unlink(folder + "/" + name)
        }
        closedir(opened)
    }
    rmdir(folder)
}

/// Empty for a file that is not there.
func contents(of path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&part, 1, part.count, file), count > 0 { bytes += part.prefix(count) }
    return bytes
}

extension PostMetadata {
    /// Post `number`, as many hours old.
    static func post(
        _ number: Int, author: String = "author_789", language: String? = "en", tags: [String] = ["dogs"], content: String = "Hello",
        favorites: Int = 3, sensitive: Bool = false
    ) -> PostMetadata {
        PostMetadata(
            postID: "post_\(number)", authorID: author, content: content, language: language,
            createdAt: (noon - .hours(Int64(number))).iso8601, favorites: favorites, sensitive: sensitive, tags: tags)
    }
}
