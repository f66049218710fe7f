import Fediverse
import Privacy
import Testing

/// Whether the state table is whole in itself; that the database agrees with it is proven in StoreTests.
@Suite struct StateTableTests {
    private let keeping = KeepingPolicy.standard

    @Test func `every event says what is kept at each level, and names tables that there are`() {
        #expect(Set(keeping.events.map(\.title)).count == keeping.events.count)
        #expect(Set(keeping.events.compactMap(\.record)) == Set(KeepingPolicy.Record.allCases))
        for event in keeping.events {
            for level in PrivacyLevel.allCases { #expect(!keeping.words(for: event, at: level).isEmpty) }
            for table in event.tables { #expect(keeping.table(table) != nil, "\(event.title): \(table)") }
            if event.seenBy == .nobody { #expect(event.tables.isEmpty, "\(event.title)") }
        }
    }

    @Test func `at NONE no event leaves a personal row, but the tombstone of a default that is not NONE`() {
        for event in keeping.events {
            guard let record = event.record else { continue }
            #expect(keeping.form(of: record, at: .none) == nil && keeping.words(for: event, at: .none) == "nothing")
        }
        for level in PrivacyLevel.allCases { #expect(keeping.form(of: .privateAct, at: level) == nil) }
    }

    @Test func `every personal table is left by an event of its record, and every column has its words at the levels that keep it`() {
        #expect(Set(keeping.tables.map(\.name)).count == keeping.tables.count)
        let personal = keeping.tables.filter { $0.kind == .personal }
        #expect(personal.count > 8 && keeping.tables.allSatisfy { !$0.ending.isEmpty && !$0.purpose.isEmpty })
        for table in keeping.tables where table.kind != .personal { #expect(table.record == nil && table.columns.isEmpty) }
        for table in personal {
            let events = keeping.events.filter { $0.record == table.record && $0.tables.contains(table.name) }
            #expect(events.count == 1, "\(table.name)")
            #expect(Set(table.columns.map(\.name)).count == table.columns.count && table.columns.contains { $0.name == "tenant_id" })
            #expect(table.columns.contains { $0.name == "alias_key" }, "\(table.name) cannot be erased by alias")
            for column in table.columns { #expect(!column.holds.isEmpty, "\(table.name).\(column.name)") }
            // What has a precision has the column that it is cut in, and the other way round; of a person's alias its number has none.
            let hasPrecision = PrivacyLevel.allCases.contains { keeping.form(of: table, at: $0)?.precision != nil }
            #expect(table.times.count == (hasPrecision && !table.onServerOnly ? 1 : 0), "\(table.name)")
        }
    }

    @Test func `a part that a level keeps has a column, and a column's part some level that keeps it`() {
        for table in keeping.personalTables {
            let parts = Set(table.columns.compactMap { column -> KeepingPolicy.Part? in
                switch column.rule {
                case .part(let part, _), .code(let part): part
                case .measure: .bucket
                default: nil
                }
            })
            let kept = Set(PrivacyLevel.allCases.flatMap { keeping.form(of: table, at: $0)?.parts ?? [] })
            #expect(kept == parts, "\(table.name)")
        }
    }

    @Test func `children come before parents, so that an erasure can go through them in order`() {
        #expect(keeping.personalTables.last?.name == "user_aliases")
    }

    @Test func `a LIMITED preference is made of exactly the rows that LIMITED keeps`() {
        #expect(keeping.form(of: .act, at: .limited)?.age == AuthorAffinity.limitedWindow)
        #expect(keeping.form(of: .authorPreference, at: .limited)?.age == AuthorAffinity.limitedWindow)
    }
}
