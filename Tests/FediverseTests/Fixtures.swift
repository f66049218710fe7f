import Glibc

@testable import Fediverse

/// The tests' own examples of what servers answer.
enum Fixture {
    static let mastodonHome = PackageResources.mastodon_home_json
    static let mastodonQuotes = PackageResources.mastodon_quotes_json
    static let plainQuotes = PackageResources.plain_quotes_json
    static let gotosocialHome = PackageResources.gotosocial_home_json
    static let snacHome = PackageResources.snac_home_json
    static let oddShapes = PackageResources.odd_shapes_json
    static let mixedPage = PackageResources.mixed_page_json
    static let relationships = PackageResources.relationships_json

    static let pages = [mastodonHome, mastodonQuotes, plainQuotes, gotosocialHome, snacHome, oddShapes]
}

extension Account {
    /// An author who said yes to everything.
    static func author(_ change: (inout Account) -> Void = { _ in }) -> Account {
        var account = Account(
            id: "1", uri: "https://kennel.example/users/ada", acct: "ada", displayName: "Ada", note: "<p>I herd sheep.</p>",
            discoverable: true, indexable: true)
        change(&account)
        return account
    }
}

extension Status {
    static let noon = Instant(seconds: 1_800_000_000)

    /// A status that may be recommended at `noon`.
    static func status(by account: Account = .author(), _ change: (inout Status) -> Void = { _ in }) -> Status {
        var status = Status(id: "1", uri: "https://kennel.example/1", createdAt: noon - .hours(1), account: account, content: "<p>Baa.</p>")
        change(&status)
        return status
    }
}

extension ConsentPolicy {
    func refusal(_ status: Status, isLocalAuthor: Bool = false, authorOptedOut: Bool = false) -> ConsentRefusal? {
        refusal(of: status, at: Status.noon, isLocalAuthor: isLocalAuthor, authorOptedOut: authorOptedOut)
    }
}

/// A folder of recorded answers of real servers, which are not part of the project.
enum Samples {
    static let folder: String? = getenv("SHELTIE_SAMPLES").map { String(cString: $0) }

    /// Every JSON file in the folder's folders, by name.
    static func files() -> [(name: String, bytes: [UInt8])] {
        guard let folder else { return [] }
        return entries(of: folder).flatMap { part in
            entries(of: "\(folder)/\(part)").filter { $0.hasSuffix(".json") }.map { ("\(part)/\($0)", contents(of: "\(folder)/\(part)/\($0)")) }
        }
    }

    private static func entries(of folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func contents(of path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}
