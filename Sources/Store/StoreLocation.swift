/// Where the data is: a file of our own, or a server.
public enum StoreLocation: Sendable, Equatable {
    case sqlite(path: String)
    /// The whole address, as libpq takes it.
    case postgres(url: String)

    /// Reads `PATH`, `sqlite:///PATH` (a fourth slash begins an absolute path) and `postgres://…`.
    public init(parsing text: String) throws(StoreError) {
        if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            self = .postgres(url: text)
            return
        }
        let path: Substring
        if text.hasPrefix("sqlite:///") {
            path = text.dropFirst("sqlite:///".count)
        } else if text.contains("://") || text.hasPrefix("sqlite:") {
            throw .unknownLocation
        } else {
            path = text[...]
        }
        guard !path.isEmpty, path != ":memory:", !path.utf8.contains(0) else { throw .unknownLocation }
        self = .sqlite(path: String(path))
    }
}
