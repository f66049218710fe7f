import Fediverse
import Synchronization

extension DemoServer {
    /// Adds a person of this server, who allows everything, has written nothing and is followed by nobody, and logs them in.
    /// - Parameter username: 1 to 30 of `a-z 0-9 _`.
    /// - Returns: nil when the name is taken.
    public func welcome(username: String, displayName: String) -> (accountID: String, token: String)? {
        let now = clock().microseconds / 1_000
        return state.withLock { state in
            guard let account = state.world.add(username: username, displayName: displayName, at: now) else { return nil }
            let token = state.issueToken(for: account, scopes: ["read", "write", "follow", "push"], at: now)
            return (String(state.world.people[Int(account)].id), token)
        }
    }
}

extension DemoWorld {
    /// - Parameter moment: milliseconds since 1970.
    /// - Returns: their position; nil when the name is taken.
    mutating func add(username: String, displayName: String, at moment: Int64) -> Int32? {
        guard usernames[username] == nil else { return nil }
        let created = moment / 86_400_000 * 86_400_000
        let index = people.count
        let person = Person(
            id: (created + Int64(index)) << 16 | Int64(index), username: username, displayName: displayName, domain: nil, language: .en,
            topics: [0], note: "", fields: [], discoverable: true, indexable: true, noindex: false, locked: false, bot: false, group: false,
            hidesCollections: false, createdAt: created)
        people.append(person)
        following.append([])
        followers.append([])
        events.append([])
        postCounts.append(0)
        newest.append(0)
        usernames[username] = Int32(index)
        positions[person.id] = Int32(index)
        return Int32(index)
    }
}
