import Database
import TestSupport
import Testing

@Suite struct PoolStateTests {
    let start = ContinuousClock.now

    private func state(readers: Int = 1, _ change: (inout PoolState.Limits) -> Void = { _ in }) -> PoolState {
        var limits = PoolState.Limits()
        change(&limits)
        return PoolState(readers: readers, limits: limits)
    }

    @Test func `writes in line share one transaction, and maintenance parts them`() {
        var pool = state()
        for kind in [.write(.process), .write(.process), .maintenance, .write(.process)] as [PoolState.Kind] { _ = pool.add(kind, at: start) }
        let steps = (0..<10).map { _ in pool.nextForWriter(at: start) }
        #expect(steps == [.begin(.process), .write(1), .write(2), .commit, .maintain(3), .begin(.process), .write(4), .commit, .wait, .wait])
    }

    @Test func `a group is as durable as its most demanding write`() {
        var pool = state()
        for durability in [.process, .power, .process] as [Durability] { _ = pool.add(.write(durability), at: start) }
        #expect((0..<5).map { _ in pool.nextForWriter(at: start) } == [.begin(.power), .write(1), .write(2), .write(3), .commit])
    }

    @Test func `a write that comes while a group is open joins it, unless it asks for more`() {
        var pool = state()
        _ = pool.add(.write(.process), at: start)
        #expect(pool.nextForWriter(at: start) == .begin(.process))
        _ = pool.add(.write(.process), at: start)
        _ = pool.add(.write(.power), at: start)
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.write(1), .write(2), .commit])
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.begin(.power), .write(3), .commit])
    }

    @Test func `a group ends when it is full`() {
        var pool = state { $0.groupJobs = 2 }
        for _ in 0..<3 { _ = pool.add(.write(.process), at: start) }
        #expect((0..<4).map { _ in pool.nextForWriter(at: start) } == [.begin(.process), .write(1), .write(2), .commit])
        #expect(pool.nextForWriter(at: start) == .begin(.process))
    }

    @Test func `a group ends when its time is over, but never before its first write`() {
        var pool = state { $0.groupTime = .milliseconds(10) }
        for _ in 0..<3 { _ = pool.add(.write(.process), at: start) }
        #expect(pool.nextForWriter(at: start) == .begin(.process))
        #expect(pool.nextForWriter(at: start + .milliseconds(50)) == .write(1))
        #expect(pool.nextForWriter(at: start + .milliseconds(50)) == .commit)
    }

    @Test func `a read waits for a reader, and for the writer where there are none`() {
        var pool = state()
        _ = pool.add(.read, at: start)
        #expect(pool.nextForWriter(at: start) == .wait)
        #expect(pool.nextForReader(0, at: start) == .read(1))
        #expect(pool.nextForReader(0, at: start) == .wait(until: nil))
        var single = state(readers: 0)
        _ = single.add(.read, at: start)
        #expect(single.nextForWriter(at: start) == .read(1))
    }

    @Test func `a job that waited too long is refused when its turn comes`() {
        var pool = state { $0.patience = .seconds(1) }
        _ = pool.add(.write(.process), at: start)
        _ = pool.add(.read, at: start)
        _ = pool.add(.write(.process), at: start + .seconds(1))
        #expect(pool.nextForWriter(at: start + .seconds(2)) == .refuse(1))
        #expect(pool.nextForReader(0, at: start + .seconds(2)) == .refuse(2))
        #expect(pool.nextForWriter(at: start + .seconds(2)) == .begin(.process))
    }

    @Test func `a line that is full takes no more`() {
        var pool = state { $0.waiting = 2 }
        #expect(pool.add(.read, at: start) == 1)
        #expect(pool.add(.write(.power), at: start) == 2)
        #expect(pool.add(.read, at: start) == nil)
        #expect(pool.nextForReader(0, at: start) == .read(1))
        #expect(pool.add(.read, at: start) == 3)
    }

    @Test func `a read in line can be cancelled, a write cannot`() {
        for readers in [0, 1] {
            var pool = state(readers: readers)
            _ = pool.add(.write(.process), at: start)
            _ = pool.add(.read, at: start)
            let cancelled = [pool.cancel(1), pool.cancel(2), pool.cancel(2)]
            #expect(cancelled == [false, true, false])
            #expect(pool.waiting == 1)
        }
    }

    @Test func `a group that did not begin gives up the writes that it would have taken`() {
        var pool = state { $0.groupJobs = 2 }
        for _ in 0..<3 { _ = pool.add(.write(.process), at: start) }
        #expect(pool.nextForWriter(at: start) == .begin(.process))
        #expect(pool.groupDidNotBegin() == [1, 2])
        #expect((0..<2).map { _ in pool.nextForWriter(at: start) } == [.begin(.process), .write(3)])
    }

    @Test func `after a lost group the rest begins anew`() {
        var pool = state()
        for _ in 0..<2 { _ = pool.add(.write(.process), at: start) }
        #expect((0..<2).map { _ in pool.nextForWriter(at: start) } == [.begin(.process), .write(1)])
        pool.groupWasLost()
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.begin(.process), .write(2), .commit])
    }

    @Test func `a write that another session's work undid comes first in the next group, three times in all`() {
        var pool = state()
        for _ in 0..<3 { _ = pool.add(.write(.process), at: start) }
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.begin(.process), .write(1), .write(2)])
        let isTried = [pool.tryAgain()]
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.commit, .begin(.process), .write(2)])
        let isTriedOn = isTried + [pool.tryAgain()]
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.commit, .begin(.process), .write(2)])
        #expect(isTriedOn + [pool.tryAgain()] == [true, true, false])
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.write(3), .commit, .wait])
    }

    /// Two sessions for 10 s, the third for as long as it is used; probed after 5 s, replaced after 60.
    private func aging(readers: Int = 3) -> PoolState {
        state(readers: readers) { limits in
            var sessions = PoolState.Sessions()
            (sessions.least, sessions.idle, sessions.lifetime, sessions.silence) = (2, .seconds(10), .seconds(60), .seconds(5))
            limits.sessions = sessions
        }
    }

    @Test func `the least sessions and the writer's open at once, the others when they are needed`() {
        var pool = aging()
        #expect((0..<4).map { pool.opensAtOnce($0) } == [true, true, false, true])
        #expect(pool.writer == 3)
        for slot in [0, 1, 3] { pool.opened(slot, at: start) }
        #expect((0..<4).map { pool.need(of: $0, at: start) } == [.nothing, .nothing, .opening, .nothing])
        var file = state(readers: 2)
        #expect((0..<3).allSatisfy { file.opensAtOnce($0) })
        file.opened(0, at: start)
        #expect(file.need(of: 0, at: start + .seconds(1_000_000)) == .nothing)
    }

    @Test func `a session is probed after a silence and replaced at the end of its life`() {
        var pool = aging()
        pool.opened(0, at: start)
        #expect(pool.need(of: 0, at: start + .seconds(4)) == .nothing)
        #expect(pool.need(of: 0, at: start + .seconds(5)) == .probe)
        pool.used(0, at: start + .seconds(59))
        #expect(pool.need(of: 0, at: start + .seconds(59)) == .nothing)
        #expect(pool.need(of: 0, at: start + .seconds(60)) == .replacement)
    }

    @Test func `a session that nobody uses is closed, but not the least ones`() {
        var pool = aging()
        for slot in 0..<3 { pool.opened(slot, at: start) }
        for slot in 0..<3 { #expect(pool.nextForReader(slot, at: start) == .wait(until: start + .seconds(10))) }
        #expect(pool.nextForReader(2, at: start + .seconds(10)) == .release)
        #expect(pool.need(of: 2, at: start + .seconds(10)) == .opening)
        #expect(pool.nextForReader(2, at: start + .seconds(10)) == .wait(until: nil))
        for slot in 0..<2 { #expect(pool.nextForReader(slot, at: start + .seconds(10)) == .wait(until: start + .seconds(20))) }
    }

    @Test func `the reader that came last is woken first, and one with a session before one without`() {
        var pool = aging()
        for slot in 0..<2 { pool.opened(slot, at: start) }
        for slot in [1, 0, 2] { _ = pool.nextForReader(slot, at: start) }
        let woken = (0..<4).map { _ in pool.readerToWake() }
        #expect(woken == [0, 1, 2, nil])
    }

    @Test func `a read whose reader gets no session goes to one that has one, else it fails, and the next try waits`() {
        var pool = aging(readers: 2)
        _ = pool.add(.read, at: start)
        #expect(pool.nextForReader(1, at: start) == .read(1))
        var isInLine = [pool.couldNotOpen(1, at: start)]
        pool.opened(0, at: start)
        _ = pool.add(.read, at: start)
        #expect(pool.nextForReader(1, at: start + .seconds(1)) == .read(2))
        isInLine.append(pool.couldNotOpen(1, at: start + .seconds(1)))
        #expect(isInLine == [false, true])
        #expect(pool.nextForReader(1, at: start + .seconds(1)) == .wait(until: start + .seconds(1) + .milliseconds(100)))
        #expect(pool.nextForReader(0, at: start + .seconds(1)) == .read(2))
    }

    @Test func `shutting down finishes what waits, then closes the readers, then the writer`() {
        var pool = state(readers: 2)
        _ = pool.add(.write(.process), at: start)
        _ = pool.add(.read, at: start)
        pool.shutDown()
        #expect(pool.add(.read, at: start) == nil)
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.begin(.process), .write(1), .commit])
        #expect(pool.nextForWriter(at: start) == .wait)
        #expect((0..<3).map { _ in pool.nextForReader(0, at: start) } == [.read(2), .close, .close])
        pool.readerClosed()
        #expect(pool.nextForWriter(at: start) == .wait)
        pool.readerClosed()
        #expect(pool.nextForWriter(at: start) == .close)
        #expect(!pool.isClosed)
        pool.writerClosed()
        #expect(pool.isClosed)
    }

    @Test(arguments: 1...200) func `every accepted job is answered once, whatever happens`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let readers = Int(seed % 3)
        var pool = state(readers: readers) { limits in
            (limits.groupJobs, limits.waiting, limits.patience) = (3, 20, .milliseconds(40))
            if seed % 2 == 0 { limits.sessions = PoolState.Sessions() }
        }
        var accepted = Set<UInt64>(), answered = Set<UInt64>(), inGroup: [UInt64] = []
        func answer(_ ids: [UInt64]) { for id in ids { #expect(answered.insert(id).inserted, "\(id) was answered twice") } }
        var now = start
        for turn in 0..<600 {
            now += .milliseconds(Int64(random.next(20)))
            if turn == 300 { pool.shutDown() }
            let kinds: [PoolState.Kind] = [.read, .write(.process), .write(.power), .maintenance]
            if random.next(2) == 0, let id = pool.add(kinds[random.next(4)], at: now) { accepted.insert(id) }
            if random.next(9) == 0, let id = accepted.subtracting(answered).sorted().randomElement(using: &random), pool.cancel(id) { answer([id]) }
            if readers > 0 {
                let slot = random.next(readers)
                switch pool.nextForReader(slot, at: now) {
                case .read(let id):
                    guard pool.need(of: slot, at: now) == .opening, random.next(3) == 0 else {
                        pool.opened(slot, at: now)
                        answer([id])
                        break
                    }
                    if !pool.couldNotOpen(slot, at: now) { answer([id]) }
                case .refuse(let id): answer([id])
                case .wait, .release, .close: break
                }
            }
            switch pool.nextForWriter(at: now) {
            case .begin: if random.next(8) == 0 { answer(pool.groupDidNotBegin()) }
            case .write(let id):
                if random.next(8) == 0 {
                    if !pool.tryAgain() { answer([id]) }
                    break
                }
                inGroup.append(id)
                guard random.next(8) == 0 else { break }
                pool.groupWasLost()
                answer(inGroup)
                inGroup = []
            case .commit:
                answer(inGroup)
                inGroup = []
            case .maintain(let id), .read(let id), .refuse(let id):
                #expect(inGroup.isEmpty, "\(id) ran inside a group")
                answer([id])
            case .wait, .close: break
            }
        }
        #expect(pool.waiting == 0 && inGroup.isEmpty)
        #expect(accepted == answered)
    }
}
