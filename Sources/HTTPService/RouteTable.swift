/// Methods and path templates with what answers them. One table makes the routes, the names in metrics, and the documentation.
///
/// A template is literal segments, `:name` for one segment, and at the end `*name` for the rest. Literal beats parameter, parameter
/// beats rest. A slash at the end of a path is tolerated: clients send it.
public struct RouteTable<Handler: Sendable>: Sendable {
    public struct Match: Sendable {
        public let handler: Handler
        /// Values as they stand in the path, not percent-decoded.
        public let parameters: [String: Substring]
        /// The template: a name for metrics and logs that holds nobody's id.
        public let template: String
    }

    private struct Route: Sendable {
        let template: String
        let names: [String]
        let handler: Handler
    }

    private struct Node: Sendable {
        var literals: [Substring: Int] = [:]
        var parameter: Int?
        var routes: [String: Route] = [:]
        var rest: [String: Route] = [:]
    }

    private var nodes = [Node()]
    /// All routes in the order in which they were added.
    public private(set) var routes: [(method: String, template: String)] = []

    public init() {}

    /// - Precondition: the template begins with a slash and stands there once for this method.
    public mutating func add(_ method: String, _ template: String, _ handler: Handler) {
        precondition(template.first == "/", "a template begins with a slash: \(template)")
        var node = 0
        var names: [String] = []
        var isRest = false
        for segment in template.split(separator: "/") {
            precondition(!isRest, "nothing may follow the rest: \(template)")
            if segment.first == "*" {
                names.append(String(segment.dropFirst()))
                isRest = true
            } else if segment.first == ":" {
                names.append(String(segment.dropFirst()))
                let next = nodes[node].parameter ?? newNode()
                nodes[node].parameter = next
                node = next
            } else {
                let next = nodes[node].literals[segment] ?? newNode()
                nodes[node].literals[segment] = next
                node = next
            }
        }
        let route = Route(template: template, names: names, handler: handler)
        let place: WritableKeyPath<Node, [String: Route]> = isRest ? \.rest : \.routes
        precondition(nodes[node][keyPath: place][method] == nil, "\(method) \(template) is there twice")
        nodes[node][keyPath: place][method] = route
        routes.append((method, template))
    }

    /// What answers; HEAD is answered by GET where it has no route of its own. nil: no such route.
    /// - Parameter path: without the query.
    public func match(_ method: String, _ path: some StringProtocol) -> Match? {
        let segments = split(path)
        guard let segments else { return nil }
        return find(method, segments) ?? (method == "HEAD" ? find("GET", segments) : nil)
    }

    /// The methods that this path has, in alphabetical order; empty for a path that is not in the table.
    public func methods(of path: some StringProtocol) -> [String] {
        guard let segments = split(path) else { return [] }
        return Set(routes.map(\.method)).filter { find($0, segments) != nil }.sorted()
    }

    private func split(_ path: some StringProtocol) -> [Substring]? {
        let slash = UInt8(ascii: "/")
        var text = Substring(path).utf8
        guard text.popFirst() == slash else { return nil }
        if text.last == slash { text.removeLast() }
        return text.isEmpty ? [] : text.split(separator: slash, omittingEmptySubsequences: false).map { Substring($0) }
    }

    private func find(_ method: String, _ segments: [Substring]) -> Match? {
        var values: [Substring] = []
        guard let route = walk(0, segments[...], method, &values) else { return nil }
        return Match(
            handler: route.handler, parameters: Dictionary(zip(route.names, values)) { first, _ in first }, template: route.template)
    }

    private func walk(_ node: Int, _ left: ArraySlice<Substring>, _ method: String, _ values: inout [Substring]) -> Route? {
        guard let segment = left.first else { return nodes[node].routes[method] }
        if let next = nodes[node].literals[segment], let route = walk(next, left.dropFirst(), method, &values) { return route }
        if let next = nodes[node].parameter, !segment.isEmpty {
            values.append(segment)
            if let route = walk(next, left.dropFirst(), method, &values) { return route }
            values.removeLast()
        }
        if let route = nodes[node].rest[method], let last = left.last {
            values.append(segment.base[segment.startIndex..<last.endIndex])
            return route
        }
        return nil
    }

    private mutating func newNode() -> Int {
        nodes.append(Node())
        return nodes.count - 1
    }
}
