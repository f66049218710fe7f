import Fediverse
import Privacy
import Testing

@Suite struct AuthorAffinityTests {
    @Test(arguments: [(InteractionKind.view, 0.1), (.favourite, 1), (.bookmark, 1.2), (.reply, 1.3), (.reblog, 1.5)])
    func `acts weigh what is documented`(kind: InteractionKind, weight: Double) {
        #expect(AuthorAffinity.weight(of: kind) == weight)
    }

    @Test func `an activity halves every 30 days and does not grow from the future`() {
        #expect(AuthorAffinity.faded(4, after: .days(0)) == 4)
        #expect(AuthorAffinity.faded(4, after: .days(30)) == 2)
        #expect(AuthorAffinity.faded(4, after: .days(60)) == 1)
        #expect(AuthorAffinity.faded(4, after: .days(-5)) == 4)
    }

    @Test func `a score is 1 - e^(-a/4)`() {
        // A reblog now and two favourites 30 days ago: a = 1.5 + 2 * 0.5 = 2.5; e^(-0.625) = 0.535261.
        let acts: [(kind: InteractionKind, at: Instant)] = [
            (.reblog, wednesday), (.favourite, wednesday - .days(30)), (.favourite, wednesday - .days(30)),
        ]
        #expect(abs(AuthorAffinity.score(of: acts, at: wednesday) - 0.464739) < 0.000_001)
        #expect(AuthorAffinity.score(activity: 0) == 0 && AuthorAffinity.score(activity: -3) == 0)
        #expect(AuthorAffinity.score(activity: 1e9) <= 1)
    }

    @Test func `a score gives back its activity, so that it can fade without its rows`() {
        for activity in [0.0, 0.1, 1, 4, 20] {
            #expect(abs(AuthorAffinity.activity(score: AuthorAffinity.score(activity: activity)) - activity) < 0.000_001)
        }
        #expect(AuthorAffinity.activity(score: 1).isFinite && AuthorAffinity.activity(score: 7).isFinite && AuthorAffinity.activity(score: -1) == 0)
    }

    @Test(arguments: [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (7, 3), (8, 4), (1_000, 4)])
    func `a LIMITED step comes from the number of acts`(count: Int, bucket: Int) {
        #expect(AuthorAffinity.bucket(count: count) == bucket)
        #expect(AuthorAffinity.score(bucket: bucket) == Double(bucket) / 4)
    }

    @Test func `only the acts of the last 14 days make a LIMITED step`() {
        let edge = wednesday - .days(14)
        let inside = Instant(microseconds: edge.microseconds + 1)
        #expect(AuthorAffinity.bucket(of: [wednesday, inside], at: wednesday) == 1)
        #expect(AuthorAffinity.bucket(of: [wednesday, edge], at: wednesday) == 0)
        #expect(AuthorAffinity.bucket(of: [wednesday, wednesday + .seconds(1)], at: wednesday) == 0)
    }
}
