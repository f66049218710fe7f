import ArgumentParser
import Database
import Fediverse
import Privacy
import Store

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "The master key, from which every alias is made.", subcommands: [Create.self, Rotate.self, Status.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new key file, mode 0600. Never overwrites one.",
            discussion: "Example: sheltie key create --key-file /etc/sheltie/key\nKeep a copy where no database backup lies: without it every alias is lost, with both every alias can be tried.")
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let path = try await Settings.load(flags).text("keyFile")
            Output.line("Key \(try KeyRing.create(at: path)) is in \(path).")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a new key in the key file's place. Restart every service afterwards.",
            discussion: """
                Example: sheltie key rotate --key-file /etc/sheltie/key
                The old key stays in the file for 90 days: whoever comes is moved from the alias that it made to the new key's. Who does not come is forgotten, and the old key ends.
                --emergency is for a key that somebody else has seen: it ends at once, and with it everything about everybody who was known by it. Stop every service first.
                """)
        @Flag(help: "End the old keys now, and erase everybody who was known by them.") var emergency = false
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let settings = try await Settings.load(flags)
            let path = settings.text("keyFile")
            var erased = 0
            let rotation: KeyRing.Rotation
            if emergency {
                (rotation, erased) = try await Self.endAll(path, settings)
            } else {
                rotation = try KeyRing.rotate(at: path, emergency: false)
                try rotation.commit()
            }
            if json {
                Output.json { writer in
                    writer.object {
                        $0.member("key_id", rotation.after.active.keyID)
                        $0.member("replaced_key_id", rotation.before.active.keyID)
                        $0.member("erased", erased)
                    }
                }
            } else {
                Output.line("Key \(rotation.after.active.keyID) takes the place of \(rotation.before.active.keyID) in \(path).")
                Output.line(
                    emergency
                        ? "The old key has ended; \(erased) people were erased. Start the services again."
                        : "Restart every 'sheltie serve' now, on every machine with this file. The old key is accepted for 90 days from then on.")
            }
        }

        /// Killed anywhere in between, it is finished by calling it again.
        private static func endAll(_ path: String, _ settings: Settings) async throws -> (KeyRing.Rotation, erased: Int) {
            let storage: Storage
            do {
                _ = try KeyRing.load(path: path)
                storage = try await Installation.storage(settings, role: .alone)
            } catch DatabaseError.alreadyServed {
                throw Failure("the database is served; stop every service before an emergency rotation", .unavailable)
            }
            do {
                let tenants = try await storage.tenants()
                let rotation = try await begun(path, storage, tenants) ?? KeyRing.rotate(at: path, emergency: true)
                let id = rotation.after.active.keyID
                for tenant in tenants { try await storage.replaceKeys(by: id, in: tenant.key, at: Clock.now()) }
                try rotation.commit()
                var erased = 0
                for tenant in tenants { erased += try await eraseAll(in: tenant.key, storage) }
                if try await !storage.people.scrub() { Output.note("Another process keeps old bytes in the log; they go when it ends.") }
                await storage.shutdown()
                return (rotation, erased)
            } catch {
                await storage.shutdown()
                throw error
            }
        }

        /// The rotation that was killed after the database had heard of its key.
        private static func begun(
            _ path: String, _ storage: Storage, _ tenants: [(domain: String, key: TenantKey)]
        ) async throws -> KeyRing.Rotation? {
            guard let rotation = try KeyRing.unfinishedRotation(at: path) else { return nil }
            for tenant in tenants
            where try await storage.keys(in: tenant.key).contains(where: { $0.id == rotation.after.active.keyID && $0.state == "active" }) {
                return rotation
            }
            return nil
        }

        private static func eraseAll(in tenant: TenantKey, _ storage: Storage) async throws -> Int {
            let step = RetentionStep(what: .endedKeys, level: nil, age: KeepingPolicy.Shared.acceptedKeys)
            var erased = 0
            while true {
                let count = try await storage.retention.carryOut(step, in: tenant, at: Clock.now(), limit: 500)
                erased += count
                if count == 0 { return erased }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which keys these are, how many people are known by each, and when an older one ends.",
            discussion: "Example: sheltie key status --json")
        @Flag(help: "As JSON.") var json = false
        @OptionGroup var flags: SettingFlags

        private struct Line {
            var id: String
            var state: String
            var record: KeyRecord?
            var endsAt: Instant? { state == "accepting" ? record?.rotatedAt.map { $0 + KeepingPolicy.Shared.acceptedKeys } : nil }
        }

        func run() async throws {
            let settings = try await Settings.load(flags)
            let path = settings.text("keyFile")
            let ring = try KeyRing.load(path: path)
            let records = try await Self.records(settings)
            let lines = ([ring.active] + ring.accepting).enumerated().map { place, key in
                Line(id: key.keyID, state: place == 0 ? "active" : "accepting", record: records[key.keyID])
            }
            if json {
                Output.json { writer in
                    writer.object {
                        $0.member("key_id", ring.active.keyID)
                        $0.key("keys")
                        $0.array {
                            for line in lines {
                                $0.object {
                                    $0.member("key_id", line.id)
                                    $0.member("state", line.state)
                                    $0.key("aliases")
                                    if let count = line.record?.aliases { $0.integer(count) } else { $0.null() }
                                    $0.member("ends_at", line.endsAt?.iso8601)
                                }
                            }
                        }
                    }
                }
            } else {
                Output.line("Key \(ring.active.keyID) in \(path) is well.")
                if lines.count > 1 || !records.isEmpty {
                    Output.table(["key", "state", "people", "ends"], lines.map {
                        [$0.id, $0.state, $0.record.map { String($0.aliases) } ?? "-", $0.endsAt?.iso8601 ?? "-"]
                    })
                }
            }
        }

        /// What the database knows of each key; nothing where there is none yet, or none for this instance.
        private static func records(_ settings: Settings) async throws -> [String: KeyRecord] {
            let storage: Storage
            do {
                storage = try await Installation.storage(settings, role: .inspect)
            } catch StoreError.noDatabase, StoreError.migrationsPending {
                return [:]
            }
            do {
                var found: [KeyRecord] = []
                for tenant in try await storage.tenants() { found += try await storage.keys(in: tenant.key) }
                await storage.shutdown()
                // The same key serves several instances: it ends with the last of them.
                return Dictionary(found.map { ($0.id, $0) }) { one, other in
                    var both = one
                    both.aliases += other.aliases
                    both.rotatedAt = [one.rotatedAt, other.rotatedAt].compactMap { $0 }.max()
                    return both
                }
            } catch {
                await storage.shutdown()
                throw error
            }
        }
    }
}
