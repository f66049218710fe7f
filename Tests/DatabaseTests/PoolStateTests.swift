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
        #expect(pool.nextForReader(at: start) == .read(1))
        #expect(pool.nextForReader(at: start) == .wait)
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
        #expect(pool.nextForReader(at: start + .seconds(2)) == .refuse(2))
        #expect(pool.nextForWriter(at: start + .seconds(2)) == .begin(.process))
    }

    @Test func `a line that is full takes no more`() {
        var pool = state { $0.waiting = 2 }
        #expect(pool.add(.read, at: start) == 1)
        #expect(pool.add(.write(.power), at: start) == 2)
        #expect(pool.add(.read, at: start) == nil)
        #expect(pool.nextForReader(at: start) == .read(1))
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

    @Test func `shutting down finishes what waits, then closes the readers, then the writer`() {
        var pool = state(readers: 2)
        _ = pool.add(.write(.process), at: start)
        _ = pool.add(.read, at: start)
        pool.shutDown()
        #expect(pool.add(.read, at: start) == nil)
        #expect((0..<3).map { _ in pool.nextForWriter(at: start) } == [.begin(.process), .write(1), .commit])
        #expect(pool.nextForWriter(at: start) == .wait)
        #expect((0..<3).map { _ in pool.nextForReader(at: start) } == [.read(2), .close, .close])
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
        var pool = state(readers: Int(seed % 3)) { $0.groupJobs = 3; $0.waiting = 20; $0.patience = .milliseconds(40) }
        var accepted = Set<UInt64>(), answered = Set<UInt64>(), inGroup: [UInt64] = []
        func answer(_ ids: [UInt64]) { for id in ids { #expect(answered.insert(id).inserted, "\(id) was answered twice") } }
        var now = start
        for turn in 0..<400 {
            now += .milliseconds(Int64(random.next(20)))
            if turn == 300 { pool.shutDown() }
            let kinds: [PoolState.Kind] = [.read, .write(.process), .write(.power), .maintenance]
            if random.next(2) == 0, let id = pool.add(kinds[random.next(4)], at: now) { accepted.insert(id) }
            if random.next(9) == 0, let id = accepted.subtracting(answered).sorted().randomElement(using: &random), pool.cancel(id) { answer([id]) }
            switch pool.nextForReader(at: now) {
            case .read(let id), .refuse(let id): answer([id])
            case .wait, .close: break
            }
            switch pool.nextForWriter(at: now) {
            case .begin: if random.next(8) == 0 { answer(pool.groupDidNotBegin()) }
            case .write(let id):
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
