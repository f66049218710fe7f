import Testing

@testable import Fediverse

@Suite struct StatusReaderTests {
    @Test func `a Mastodon home page is read with tags, reblogs, filters and mentions`() throws {
        let statuses = try StatusReader.statuses(in: Fixture.mastodonHome).map(\.status)
        #expect(statuses.map(\.id) == ["115402374175396854", "115402374175396850", "115402374175396840"])
        #expect(statuses[0].uri == "https://kennel.example/users/ada/statuses/115402374175396854")
        #expect(statuses[0].tags == ["herding", "dogs"])
        #expect(statuses[0].createdAt.iso8601 == "2026-11-20T08:15:30.250Z")
        #expect(statuses[0].editedAt?.iso8601 == "2026-11-20T09:00:00.000Z")
        #expect((statuses[0].replies, statuses[0].reblogs, statuses[0].favourites) == (1, 2, 3))
        #expect(statuses[0].account.fields == ["Dog", "<a href=\"https://dogs.example\" rel=\"me\">Bo</a>"])
        #expect(statuses[0].account.indexable == true && statuses[0].account.noindex == false)
        #expect(!statuses[0].filtered && statuses[0].mentions == 0 && statuses[0].quote == nil)
        #expect(statuses[1].reblog?.status.id == "115402374175390000" && statuses[1].reblog?.status.language == "de")
        #expect(statuses[2].filtered)
        #expect(statuses[2].mentions == 1, "the author's own mention does not count")
        #expect(statuses[2].visibility == .unlisted && statuses[2].sensitive && statuses[2].spoilerText == "food")
        #expect(statuses[2].inReplyToID == "115402374175396000")
    }

    @Test func `a status's range is its own JSON`() throws {
        for page in Fixture.pages {
            for read in try StatusReader.statuses(in: page) {
                #expect(try StatusReader.status(in: Array(page[read.range])) == read.status)
            }
        }
    }

    @Test func `a quote is shown only when it is accepted and there`() throws {
        let quotes = try StatusReader.statuses(in: Fixture.mastodonQuotes).map(\.status.quote)
        guard case .shown(let quoted) = quotes[0] else {
            Issue.record("the accepted quote is not shown")
            return
        }
        #expect(quoted.status.id == "301" && quoted.status.quote == .hidden)
        #expect(Array(quotes[1...4]) == [.hidden, .hidden, .hidden, .hidden])
        #expect(quotes[5] == nil)
    }

    @Test func `a quote may be a plain status, or only an id`() throws {
        let statuses = try StatusReader.statuses(in: Fixture.plainQuotes).map(\.status)
        guard case .shown(let quoted) = statuses[0].quote else {
            Issue.record("the plain quote is not shown")
            return
        }
        #expect(quoted.status.id == "AqZ9k1FlakeId00")
        #expect(statuses[1].quote == .hidden)
        #expect(statuses[1].visibility == .direct, "an unknown visibility is the most private")
    }

    @Test func `GoToSocial and snac are read as they are`() throws {
        let gotosocial = try StatusReader.statuses(in: Fixture.gotosocialHome)[0].status
        #expect(gotosocial.account.uri == "https://kennel.example/@ada" && gotosocial.account.indexable == nil)
        #expect(gotosocial.language == nil && !gotosocial.filtered && gotosocial.reblog?.status.id == "01M7YEW95DQ32SCGP67F7VGW12")
        let snac = try StatusReader.statuses(in: Fixture.snacHome)[0].status
        #expect(snac.id == "17952443281ee00097c5f4ded8055c0238c857d9e1" && snac.createdAt.iso8601 == "2026-11-20T08:15:30.000Z" && snac.tags == ["wool"])
    }

    @Test func `odd shapes are understood: number ids, escaped and repeated keys, offsets`() throws {
        let status = try StatusReader.statuses(in: Fixture.oddShapes)[0].status
        #expect(status.id == "42" && status.account.id == "7" && status.account.uri == "https://odd.example/@o")
        #expect(status.visibility == .public, "the last of two keys counts")
        #expect(status.content == "🐶 \u{FFFD} \"a\" A\n")
        #expect(status.createdAt.iso8601 == "2026-11-20T08:15:30.000Z")
        #expect(status.searchableBy == ["as:Public"] && status.account.searchableBy == [])
        #expect((status.favourites, status.reblogs) == (0, 0))
        #expect(status.account.locked && status.account.bot && status.account.group, "what is not said counts against")
        #expect(status.account.moved)
    }

    @Test func `one bad status fails a strict page and is skipped by ingest`() throws {
        #expect(throws: JSONError.self) { try StatusReader.statuses(in: Fixture.mixedPage) }
        let page = try StatusReader.page(in: Fixture.mixedPage)
        #expect(page.statuses.map(\.status.id) == ["1", "5"] && page.skipped == 4)
        #expect(throws: JSONError.malformed(offset: Fixture.mixedPage.count)) { try StatusReader.page(in: Fixture.mixedPage + Array("]".utf8)) }
    }

    @Test(arguments: ["id", "created_at", "account", "uri"])
    func `a status without this member is none`(member: String) throws {
        let json = [
            "id": "\"1\"", "created_at": "\"2026-11-20T08:15:30Z\"", "account": #"{"id":"2","uri":"https://a.example/2"}"#,
            "uri": "\"https://a.example/1\"",
        ]
        func text(_ members: [String: String]) -> [UInt8] { Array(("{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}").utf8) }
        #expect(try StatusReader.status(in: text(json)).id == "1")
        let error = #expect(throws: JSONError.self) { try StatusReader.status(in: text(json.filter { $0.key != member })) }
        #expect(error?.isAboutMeaning == true)
    }

    @Test func `what a status does not say is the stricter answer`() throws {
        let json = #"{"id":"1","created_at":"2026-11-20T08:15:30Z","account":{"id":"2","uri":"https://a.example/2"},"uri":"https://a.example/1"}"#
        let status = try StatusReader.status(in: Array(json.utf8))
        #expect(status.visibility == .direct && status.sensitive && status.mentions == 1 && status.inReplyToID == "")
        #expect(status.account.locked && status.account.bot && status.account.group && status.account.discoverable == nil)
    }

    @Test func `relationships count what every server must say as true when it is missing`() throws {
        let list = try Relationship.list(in: Fixture.relationships)
        #expect(list.map(\.id) == ["1", "2", "3", "4"])
        #expect(list[0] == Relationship(id: "1", following: true, showingReblogs: true))
        #expect(list[1] == Relationship(id: "2", blocking: true, blockedBy: true, domainBlocking: true))
        #expect(list.map(\.isUnhindered) == [true, false, true, false])
    }
}

@Suite struct StatusSlicesTests {
    @Test func `entries point at ids, times and the reblogged status`() throws {
        let slices = try StatusSlices(Fixture.mastodonHome)
        #expect(slices.entries.map { slices.string($0.id) } == ["115402374175396854", "115402374175396850", "115402374175396840"])
        #expect(slices.entries.map { slices.string($0.createdAt) } == Array(repeating: "2026-11-20T08:15:30.250Z", count: 3))
        #expect(slices.entries[0].inner == nil && slices.entries[0].accountID.map(slices.string) == "1101")
        let inner = try #require(slices.entries[1].inner)
        #expect(slices.string(inner.id) == "115402374175390000")
        #expect(inner.uri.map(slices.string) == "https://kennel.example/users/cleo/statuses/115402374175390000")
        #expect(inner.accountID.map(slices.string) == "1101")
    }

    @Test func `entries agree with the status reader on every page`() throws {
        for page in Fixture.pages {
            let slices = try StatusSlices(page)
            let statuses = try StatusReader.statuses(in: page)
            #expect(slices.entries.map(\.range) == statuses.map(\.range))
            #expect(slices.entries.map { slices.string($0.id) } == statuses.map(\.status.id))
            #expect(slices.entries.map { $0.inner.map { slices.string($0.id) } } == statuses.map(\.status.reblog?.status.id))
            #expect(slices.entries.map { $0.uri.map(slices.string) } == statuses.map(\.status.uri))
        }
    }

    @Test(arguments: [
        "{}", "null", "[1]", "[null]", "[[]]", "[{}]", #"[{"id":"1"}]"#, #"[{"id":"","created_at":""}]"#, #"[{"id":"1","created_at":null}]"#, "[{\"id\":\"1\",\"created_at\":\"x\"}] x",
        #"[{"id":"1","created_at":"x","reblog":{}}]"#, #"[{"id":"1","created_at":"x","reblog":[]}]"#, #"{"error":"The access token is invalid"}"#, "<html>",
    ])
    func `a page that is not understood is refused`(json: String) {
        #expect(throws: JSONError.self) { try StatusSlices(Array(json.utf8)) }
    }

    @Test func `an empty page has no entries`() throws {
        #expect(try StatusSlices(Array(" [ ] ".utf8)).entries.isEmpty)
    }
}
