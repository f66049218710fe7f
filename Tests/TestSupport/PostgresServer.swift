import Glibc

/// The PostgreSQL server that scripts/test starts for the length of a run (scripts/lib/postgres_cluster.py).
public enum PostgresServer {
    /// Its address, with a superuser's rights; nil where the tests run without `scripts/test`.
    public static let address: String? = getenv("SHELTIE_TEST_POSTGRES").map { String(cString: $0) }

    /// A Citus coordinator on which the repositories' tests run instead; given by scripts/test-citus.
    public static let citus: String? = getenv("SHELTIE_TEST_CITUS").map { String(cString: $0) }

    /// What a test says that is skipped without the server.
    public static let isMissing = "SHELTIE_TEST_POSTGRES names no server; scripts/test starts one"

    /// The address with other parts.
    /// - Parameters:
    ///   - database: instead of `postgres`.
    ///   - options: further parameters, such as `options=-csearch_path%3Dx`.
    public static func address(user: String = "postgres", database: String = "postgres", _ options: String...) -> String {
        guard let address, let query = address.firstIndex(of: "?") else { return "postgresql://nowhere.invalid/" }
        return (["postgresql://\(user)@/\(database)\(address[query...])"] + options).joined(separator: "&")
    }
}
