import Jobs

extension Settings {
    private enum RobotsObedience: String, CaseIterable {
        case obey
        case own
    }

    func obeysRobots() throws -> Bool { try choice("robots", as: RobotsObedience.self) == .obey }

    func ingestSources() throws -> [IngestSource] {
        try text("ingestSources").split(separator: ",").map { name in
            guard let source = IngestSource(name: name.filter { $0 != " " }) else {
                throw Failure("--ingest-sources knows public, local, trends and tag:NAME", .badSetting)
            }
            return source
        }
    }
}
