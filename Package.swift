// swift-tools-version: 6.3
import PackageDescription

// Every own target: Swift 6 language mode, explicit imports, warnings are errors.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// One module: its folder under Sources, and what it may import.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of a module: its folder under Tests.
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "sheltie",
    products: [
        .executable(name: "sheltie", targets: ["sheltie"]),
        .library(name: "SheltieKit", targets: ["SheltieKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", exact: "2.1.1"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration.git", exact: "1.4.0", traits: ["JSON", "YAML"]),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system.git", exact: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
    ],
    targets: [
        // 1. C libraries: a module map and a shim for what Swift cannot call.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // 2. Swift over C, and the SQL files embedded in the binary.
        module("Database"),
        module("SQLite", ["CSQLite", "Database"]),
        module("Postgres", ["CPostgres", "Database"]),
        module("Curl", ["CCurl", httpTypes]),
        module("OpenSSL", ["COpenSSL"]),
        module("Zlib", ["CZlib"]),
        .target(
            name: "Migrations", path: "migrations",
            resources: [
                "0001_core", "0002_search", "0003_keys_and_backups", "0004_evidence", "0005_author_requests", "0006_shared_releases",
                "0007_file_rewrites",
            ].flatMap { name in
                ["sqlite", "postgres"].map { .embedInCode("\($0)/\($0)_\(name).sql") }
            },
            swiftSettings: settings),

        // 3. The domain: no HTTP, no SQL.
        module("Fediverse"),
        module("Telemetry", ["Fediverse", logging]),
        .target(
            name: "Privacy", dependencies: ["Fediverse", "OpenSSL", "Zlib"],
            resources: ["privacy_report", "privacy_export"].map { .embedInCode("Schemas/\($0).schema.json") }, swiftSettings: settings),
        module("Recommender", ["Fediverse", "Privacy"]),

        // 4. Edges.
        module("Store", ["Database", "SQLite", "Postgres", "Migrations", "Fediverse", "Privacy", "Recommender"]),
        module("Upstream", ["Curl", "Zlib", "Fediverse", httpTypes]),
        module("HTTPService", [
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            "OpenSSL", "Telemetry", httpTypes, logging, lifecycle,
        ]),

        // 5. Running parts.
        module("Jobs", ["Fediverse", "Telemetry", "Privacy", "Recommender", "Upstream", lifecycle]),
        module("Proxy", [
            "Curl", "Zlib", "OpenSSL", "Fediverse", "Telemetry", "Privacy", "Recommender", "Upstream", "HTTPService", httpTypes, lifecycle,
        ]),
        module("SheltieKit", ["Fediverse", "OpenSSL", "Privacy", "Recommender", "Store"]),
        module("DemoInstance", ["Fediverse", "Telemetry", "HTTPService", httpTypes, lifecycle]),

        // 6. The composition root.
        .executableTarget(
            name: "sheltie",
            dependencies: [
                "CLinux", "Curl", "Database", "SQLite", "OpenSSL", "Fediverse", "Telemetry", "Privacy", "Recommender", "Store", "Upstream",
                "HTTPService", "Jobs", "Proxy", "SheltieKit", "DemoInstance", httpTypes, lifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "cli", swiftSettings: settings),

        // 7. Tests.
        .target(name: "TestSupport", dependencies: ["Database"], path: "Tests/TestSupport", swiftSettings: settings),
        .target(name: "LoopbackClient", path: "Tests/LoopbackClient", swiftSettings: settings),
        tests("DatabaseTests", ["Database", "TestSupport"]),
        tests("SQLiteTests", ["SQLite", "CSQLite", "Database", "Migrations", "TestSupport"]),
        tests("PostgresTests", ["Postgres", "Database", "TestSupport"]),
        tests("OpenSSLTests", ["OpenSSL"]),
        tests(
            "FediverseTests", ["Fediverse", "TestSupport"],
            resources: [
                "gotosocial_home", "mastodon_home", "mastodon_quotes", "mixed_page", "odd_shapes", "plain_quotes", "relationships", "snac_home",
            ].map { .embedInCode("Fixtures/\($0).json") }),
        tests("TelemetryTests", ["Telemetry", "Fediverse", logging]),
        tests("PrivacyTests", ["Fediverse", "OpenSSL", "Privacy", "TestSupport"]),
        .testTarget(
            name: "RecommenderTests", dependencies: ["Fediverse", "Privacy", "Recommender"],
            exclude: ["corgi_v1_reference.py", "corgi_v1.tsv"], swiftSettings: settings),
        tests("StoreTests", ["Store", "Database", "SQLite", "Postgres", "Migrations", "Fediverse", "Privacy", "Recommender", "TestSupport"]),
        tests("TransferTests", ["Store", "Database", "SQLite", "Postgres", "Migrations", "OpenSSL", "Fediverse", "Privacy", "TestSupport"]),
        tests("HTTPServiceTests", ["HTTPService", "LoopbackClient", "Telemetry", httpTypes, lifecycle]),
        tests("ProxyTests", [
            "Proxy", "Curl", "DemoInstance", "Fediverse", "HTTPService", "Jobs", "LoopbackClient", "Privacy", "Recommender", "Store",
            "Telemetry", "TestSupport", "Upstream", "Zlib", httpTypes, lifecycle,
        ]),
        tests("DemoInstanceTests", ["DemoInstance", "Fediverse", "HTTPService", "LoopbackClient", "Telemetry", httpTypes, lifecycle]),
        tests("CurlTests", ["Curl", "CCurl", httpTypes]),
        tests("ZlibTests", ["Zlib", "CZlib"]),
        tests("UpstreamTests", ["Upstream", "Curl", "Fediverse", "LoopbackClient", httpTypes]),
        tests("JobsTests", [
            "Jobs", "Curl", "DemoInstance", "Fediverse", "LoopbackClient", "OpenSSL", "Privacy", "Recommender", "Store", "Telemetry", "Upstream", httpTypes, lifecycle,
        ]),
        tests("SheltieKitTests", ["SheltieKit", "Fediverse", "Privacy", "Recommender", "Store"]),
        tests("CommandTests", ["Database", "SQLite"]),
        tests("ServiceTests", [
            "DemoInstance", "Fediverse", "Privacy", "Recommender", "Store", "Database", "SQLite", "Postgres", "Migrations", "OpenSSL", "LoopbackClient",
            "Telemetry", "TestSupport",
        ]),
        tests("DocumentationTests", ["Database", "SQLite", "Migrations", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

// What scripts/bench measures with; the product's own build does not have it.
if Context.environment["SHELTIE_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "sheltie-bench",
            dependencies: ["OpenSSL", "Fediverse", "Privacy", "Recommender", "Store", "Upstream", "Jobs"],
            path: "Benchmarks/sheltie-bench", swiftSettings: settings))
}
