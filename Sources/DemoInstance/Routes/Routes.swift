import HTTPService

/// Who may call a route.
enum Access: Sendable {
    case anyone
    /// A person whose token has this scope, as `read:statuses`.
    case person(_ scope: String)
}

struct Endpoint: Sendable {
    let access: Access
    let handler: @Sendable (inout DemoState, Call) throws -> Answer
}

/// All routes of the demo, in groups: reading this is reading what it can do.
struct Routes {
    private(set) var table = RouteTable<Endpoint>()

    init() {
        addInstance()
        addLogin()
        addTimelines()
        addStatuses()
        addStatusActs()
        addAccounts()
        addAccountActs()
        addLists()
        addFilters()
        addNotifications()
        addDiscovery()
        addMedia()
    }

    mutating func get(_ path: String, _ access: Access = .anyone, _ handler: @escaping @Sendable (inout DemoState, Call) throws -> Answer) {
        table.add("GET", path, Endpoint(access: access, handler: handler))
    }

    mutating func post(_ path: String, _ access: Access, _ handler: @escaping @Sendable (inout DemoState, Call) throws -> Answer) {
        table.add("POST", path, Endpoint(access: access, handler: handler))
    }

    mutating func put(_ path: String, _ access: Access, _ handler: @escaping @Sendable (inout DemoState, Call) throws -> Answer) {
        table.add("PUT", path, Endpoint(access: access, handler: handler))
    }

    mutating func patch(_ path: String, _ access: Access, _ handler: @escaping @Sendable (inout DemoState, Call) throws -> Answer) {
        table.add("PATCH", path, Endpoint(access: access, handler: handler))
    }

    mutating func delete(_ path: String, _ access: Access, _ handler: @escaping @Sendable (inout DemoState, Call) throws -> Answer) {
        table.add("DELETE", path, Endpoint(access: access, handler: handler))
    }
}
