import Zlib

/// A person's rows to take along: what the report shows, without its explanations.
public struct PrivacyExport: Sendable {
    public static let schema = "sheltie-export/1"
    /// The file of an archive that holds all of it, and that an import reads.
    public static let document = "export.json"

    private let members: JSONValue
    private let tables: [PersonalTable]

    /// - Parameter authorsKey: tells whether the authors' ids mean the same at another installation (``Pseudonymizer/authorsKeyID``).
    public init(of viewer: Viewer, keyID: String, authorsKey: String, tables: [PersonalTable]) {
        self.tables = tables
        members = .object([
            "schema": .string(Self.schema), "alias": .string(viewer.alias.hex), "key_id": .string(keyID), "authors_key": .string(authorsKey),
            "level": .string(viewer.level.rawValue),
            "tables": .object(Dictionary(tables.map { ($0.name, $0.json) }, uniquingKeysWith: { first, _ in first })),
        ])
    }

    /// Pretty, members in alphabetical order: the same rows are the same bytes.
    public var json: String { members.pretty }

    /// The same as JSON with its schema, and each table as CSV: the same rows are the same bytes.
    public var zip: [UInt8] {
        let notes = """
            What Sheltie stores about one person.

            \(Self.document)    everything, as JSON; 'sheltie privacy import' reads it on another installation
            schema.json    what stands in it (JSON Schema 2020-12)
            *.csv          each table by itself; a cell that begins like a formula has an apostrophe before it

            """
        var entries = [
            ZipArchive.Entry(name: "README.txt", bytes: Array(notes.utf8)),
            ZipArchive.Entry(name: Self.document, bytes: Array(json.utf8)),
            ZipArchive.Entry(name: "schema.json", bytes: PrivacySchema.export),
        ]
        entries += tables.map { ZipArchive.Entry(name: $0.name + ".csv", bytes: Array($0.csv.utf8)) }
        return ZipArchive.pack(entries)
    }

    /// The JSON of an export that came as such or as an archive.
    /// - Throws: `BroughtError`.
    public static func document(in bytes: [UInt8]) throws(BroughtError) -> [UInt8] {
        guard bytes.count <= BroughtPreferences.mostBytes else { throw .tooLarge }
        // PK, the first bytes of every zip.
        guard bytes.starts(with: [0x50, 0x4B]) else { return bytes }
        let found: [UInt8]?
        do throws(ZlibError) {
            found = try ZipArchive.unpack(document, from: bytes, limit: BroughtPreferences.mostBytes)
        } catch {
            if case .tooLarge = error { throw .tooLarge }
            throw .unreadable
        }
        guard let found else { throw .notAnExport }
        return found
    }
}

/// The forms of what people are given, as JSON Schema.
public enum PrivacySchema {
    public static let report = PackageResources.privacy_report_schema_json
    public static let export = PackageResources.privacy_export_schema_json

    /// By the names under which they are served.
    public static let all = ["privacy-report": report, "privacy-export": export]
}
