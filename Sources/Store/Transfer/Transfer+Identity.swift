import Fediverse
import Privacy

/// What another program's ids of people and authors become: aliases and keyed authors, under this installation's key.
extension Transfer.Identity {
    /// 64 hexadecimal digits are an alias that the other program has made, and stay; anything else is a raw id.
    func alias(_ id: String) throws(Misfit) -> String {
        if Self.isDigest(id) { return id }
        do {
            return try pseudonymizer.alias(domain: domain, accountID: id).hex
        } catch {
            throw .notAnID
        }
    }

    func author(_ id: String) throws(Misfit) -> String {
        guard !id.isEmpty, !id.utf8.contains(0) else { throw .notAnID }
        return Self.isDigest(id) ? id : pseudonymizer.authorID(uri: id)
    }

    private static func isDigest(_ id: String) -> Bool {
        id.utf8.count == 64 && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
