import Fediverse
import Recommender
import Store

public import Privacy

extension RecommenderService {
    /// Sets how much a person lets us keep. Down cuts the past to the new level in the same transaction, NONE removes
    /// everything; afterwards the bytes of what was removed are taken out of the file.
    ///
    /// - Parameter privacyLevel: NONE, LIMITED or FULL, in any case.
    /// - Returns: the rows about the person by table, before and after.
    @discardableResult
    public func updatePrivacySettings(userID: String, privacyLevel: String, instanceURL: String? = nil) async throws -> LevelChange {
        guard let level = PrivacyLevel(rawValue: privacyLevel.uppercased()) else { throw ServiceError.unknownPrivacyLevel }
        return try await setLevel(level, of: person(userID: userID, instanceURL: instanceURL))
    }

    @discardableResult
    public func setLevel(_ level: PrivacyLevel, of alias: AliasID) async throws -> LevelChange {
        let change = try await rights.setLevel(level, of: alias)
        // Where another process still reads the old bytes, the service's own hourly scrub takes them out.
        if level < .full { _ = try await rights.scrub() }
        return change
    }

    /// Everything that is stored about a person, why, and until when: as `text` for them, as `json` for programs.
    public func getPrivacyReport(userID: String, instanceURL: String? = nil) async throws -> PrivacyReport {
        try await privacyReport(of: person(userID: userID, instanceURL: instanceURL))
    }

    public func privacyReport(of alias: AliasID) async throws -> PrivacyReport { try await rights.report(about: alias) }

    /// What people may ask and do about themselves.
    public var rights: PersonRights {
        storage.rights(
            of: pseudonymizer, in: tenant,
            service: PrivacyReport.Service(
                version: options.version, contact: options.contact, instance: instance, defaultLevel: options.defaultLevel),
            policy: options.policy, clock: clock)
    }
}
