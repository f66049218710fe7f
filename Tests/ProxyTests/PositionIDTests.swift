import Fediverse
import Testing

@testable import Proxy

struct PositionIDTests {
    @Test(arguments: [
        (["117020569768720055", "117020569768720054"], IDAlphabet.decimal),
        (["01M7YEWDP1J0652NRTR5Q5FNA7", "01M7YEWC4SKD344JDA81399262"], .ulid),
        (["AbLPGfCGlPOwfnDZYe", "AbLPGf0000OwfnDZY0"], .flake),
        (["17952443281ee00097c5f4ded8055c0238c857d9e1", "179524430972844fd11c5570eb9b9b863586d9a952"], .hex),
    ])
    func `the ids of a page tell their alphabet`(ids: [String], alphabet: IDAlphabet) {
        #expect(IDAlphabet(of: ids) == alphabet)
    }

    @Test(arguments: [
        [], [""], ["12", "123"], ["0190b7e0-0000-7000-8000-000000000000"], ["81M7YEWDP1J0652NRTR5Q5FNA7"], ["abc"],
        ["01M7YEWDP1J0652NRTR5Q5FNAU"], ["17952443281EE00097c5f4ded8055c0238c857d9e1"], ["11702056976872005é"],
    ])
    func `ids of another form or of several lengths have none`(ids: [String]) {
        #expect(IDAlphabet(of: ids) == nil)
    }

    @Test(arguments: [
        (IDAlphabet.decimal, "117020569768720055", 1, "117020569768720054"),
        (.decimal, "117020569768720000", 1, "117020569768719999"),
        (.decimal, "340282366920938463463374607431768211456", 60, "340282366920938463463374607431768211396"),
        (.ulid, "01M7YEWDP1J0652NRTR5Q5FNA0", 1, "01M7YEWDP1J0652NRTR5Q5FN9Z"),
        (.ulid, "01M7YEWDP10000000000000000", 1, "01M7YEWDP0ZZZZZZZZZZZZZZZZ"),
        (.flake, "AbLPGfCGlPOwfnDZYa", 1, "AbLPGfCGlPOwfnDZYZ"),
        (.flake, "AbLPGfCGlPOwfnDZY0", 63, "AbLPGfCGlPOwfnDZWz"),
        (.hex, "17952443281ee00097c5f4ded8055c0238c857d900", 1, "17952443281ee00097c5f4ded8055c0238c857d8ff"),
        (.decimal, "42", 0, "42"),
    ])
    func `an id is counted down with borrow`(alphabet: IDAlphabet, id: String, count: Int, below: String) {
        #expect(PositionID(id).minus(count, in: alphabet)?.text == below)
    }

    @Test(arguments: [(IDAlphabet.decimal, "1000", 1), (.decimal, "0", 1), (.decimal, "3", 4), (.hex, "1" + String(repeating: "0", count: 41), 1)])
    func `an id that would get shorter has none below it`(alphabet: IDAlphabet, id: String, count: Int) {
        #expect(PositionID(id).minus(count, in: alphabet) == nil)
    }

    @Test func `a ULID keeps its leading zeros and ends at zero`() {
        #expect(PositionID("10000000000000000000000000").minus(1, in: .ulid)?.text == "0ZZZZZZZZZZZZZZZZZZZZZZZZZ")
        #expect(PositionID(String(repeating: "0", count: 26)).minus(1, in: .ulid) == nil)
    }

    @Test func `ids order by length, then by text`() {
        #expect(PositionID("99") < PositionID("100"))
        #expect(PositionID("AZ") < PositionID("Aa"))
        #expect(!(PositionID("5") < PositionID("5")))
    }

    @Test(arguments: IDAlphabet.allCases)
    func `a step down is the next lower id of that length`(alphabet: IDAlphabet) throws {
        var feed = SimulatedFeed(alphabet, count: 0, seed: 7)
        for number in 0..<200 {
            let id = PositionID(feed.id(at: 1_795_000_000_000 + Int64(number)))
            let one = try #require(id.minus(1, in: alphabet))
            let two = try #require(id.minus(2, in: alphabet))
            #expect(one < id && two < one && one.minus(1, in: alphabet) == two)
            #expect(one.text.utf8.count == id.text.utf8.count)
        }
    }
}

struct PositionMomentTests {
    private let year = Instant(iso8601: "2026-01-01T00:00:00.000Z")!...Instant(iso8601: "2027-01-01T00:00:00.000Z")!

    @Test func `an id tells its moment where the server wrote it in`() {
        let noon = Instant(iso8601: "2026-11-18T12:00:00.123Z")!
        let milliseconds = UInt64(noon.microseconds / 1_000)
        #expect(PositionID(String(milliseconds << 16 | 4_711)).moment(within: year) == noon)
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        let head = (0..<10).reversed().map { digits[Int(milliseconds >> (5 * UInt64($0)) & 31)] }
        #expect(PositionID(String(head) + "0000000000000007").moment(within: year) == noon)
    }

    @Test(arguments: ["1", "900719925474099312", "18446744073709551616", "a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2", "7ZZZZZZZZZ0000000000000000", "", "x-1"])
    func `other ids tell none`(id: String) {
        #expect(PositionID(id).moment(within: year) == nil)
    }
}
