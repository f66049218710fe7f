import Fediverse
import Jobs
import Upstream

extension Settings {
    private enum RobotsObedience: String, CaseIterable {
        case obey
        case own
    }

    func obeysRobots() throws -> Bool { try choice("robots", as: RobotsObedience.self) == .obey }

    /// Not on loopback, which is the operator's own.
    func obeysRobots(of instance: Instance) throws -> Bool { try obeysRobots() && !instance.base.hasPrefix("http://") }

    /// The operator's list of instances of which nothing is kept.
    func deniedInstances() throws -> InstanceList {
        InstanceList(
            try text("denyInstance").split(whereSeparator: { $0 == "," || $0 == " " }).map { name in
                guard let host = try? InstanceHost(String(name), allowLoopback: try flag("allowLoopbackUpstream")) else {
                    throw Failure("--deny-instance must be the name of an instance, as social.example; several with commas between", .badSetting)
                }
                return host.canonical
            })
    }

    func ingestSources() throws -> [IngestSource] {
        try text("ingestSources").split(separator: ",").map { name in
            guard let source = IngestSource(name: name.filter { $0 != " " }) else {
                throw Failure("--ingest-sources knows public, local, trends and tag:NAME", .badSetting)
            }
            return source
        }
    }
}
