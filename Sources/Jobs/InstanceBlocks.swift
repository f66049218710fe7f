import Fediverse
import Privacy
import Synchronization
import Upstream

/// The domains that the instance itself limits or suspends, asked once a day: their authors are not recommended here either.
final class InstanceBlocks: Sendable {
    private struct Known {
        var names = InstanceList()
        var digests: Set<String> = []
        var until: Instant
    }

    private let mastodon: Mastodon
    private let known = Mutex<Known?>(nil)

    init(mastodon: Mastodon) { self.mastodon = mastodon }

    /// Those of the hosts that it limits or suspends. An instance that does not tell has none; one that does not answer has those
    /// that it last told.
    func denied(among hosts: Set<String>, at now: Instant) async throws -> InstanceList {
        let known = try await known(at: now)
        return InstanceList(hosts.filter { host in
            known.names.contains(host)
                || !known.digests.isEmpty && InstanceList.levels(of: host).contains { known.digests.contains(Pseudonymizer.instanceDigest($0)) }
        })
    }

    private func known(at now: Instant) async throws -> Known {
        let current = known.withLock { $0 }
        if let current, now < current.until { return current }
        var fetched: Known
        do {
            let blocks = try await mastodon.domainBlocks() ?? []
            let named = blocks.map(\.domain).filter { !$0.contains("*") }
            fetched = Known(names: InstanceList(named), digests: Set(blocks.map(\.digest).filter { $0.utf8.count == 64 }), until: now + .days(1))
        } catch let error as UpstreamError {
            if error.isOurStop { throw CancellationError() }
            fetched = current ?? Known(until: now)
            fetched.until = now + .minutes(30)
        }
        known.withLock { $0 = fetched }
        return fetched
    }
}
