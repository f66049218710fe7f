import Configuration
import Glibc
import SystemPackage

/// `sheltie.yaml`: the settings by their keys, one level deep.
struct SettingsFile: Sendable {
    static let standardPath = "sheltie.yaml"

    /// The keys that the file sets, in its order.
    let names: [String]
    private let reader: ConfigReader

    /// - Parameter path: nil takes the standard file where there is one.
    /// - Returns: nil when no file was named and the standard one is not there.
    static func load(_ path: String?) async throws -> SettingsFile? {
        let chosen = path ?? standardPath
        guard access(chosen, R_OK) == 0 else {
            if path == nil { return nil }
            throw Failure("the settings file cannot be read: \(chosen)", .noInput)
        }
        do {
            let provider = try await FileProvider<YAMLSnapshot>(filePath: FilePath(chosen))
            return SettingsFile(names: try topLevelNames(chosen), reader: ConfigReader(provider: provider))
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure("the settings file is not valid YAML: \(chosen)", .badSetting)
        }
    }

    func value(of key: String) -> String? {
        let key = ConfigKey([key])
        if let list = reader.stringArray(forKey: key), list.count > 1 { return list.joined(separator: ",") }
        return reader.string(forKey: key) ?? reader.int(forKey: key).map(String.init) ?? reader.bool(forKey: key).map(String.init)
            ?? reader.stringArray(forKey: key)?.first
    }

    /// The provider answers questions but lists nothing, and an unknown key is to be refused, so they are read beside it.
    private static func topLevelNames(_ path: String) throws -> [String] {
        guard let file = fopen(path, "r") else { throw Failure("the settings file cannot be read: \(path)", .noInput) }
        defer { fclose(file) }
        var names: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            guard let text = line.map({ String(cString: $0) }), let first = text.first, !first.isWhitespace, first != "#", first != "-",
                let colon = text.firstIndex(of: ":")
            else { continue }
            names.append(String(text[..<colon]))
        }
        return names
    }
}

enum ProcessEnvironment {
    /// The names of all environment variables; never a value.
    static func names() -> [String] {
        var names: [String] = []
        var entry = environ
        while let text = entry.pointee {
            names.append(String(String(cString: text).prefix { $0 != "=" }))
            entry += 1
        }
        return names
    }
}
