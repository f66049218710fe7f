/// The open candidates, best score first, put in order only as far as anyone has asked.
///
/// A slate of 8 looks at some dozens of 500 candidates: sorting them all would cost more than everything else.
struct ScoreHeap {
    /// What decides the order stands beside the place, so that a comparison looks nowhere else.
    private struct Entry {
        let score: Double
        let row: Int32
        let place: Int32

        func precedes(_ other: Entry) -> Bool { score != other.score ? score > other.score : row < other.row }
    }

    private var heap: [Entry] = []

    init(_ batch: CandidateBatch) {
        heap.reserveCapacity(batch.count)
        for place in 0..<batch.count where batch.reasons[place] >= 0 {
            heap.append(Entry(score: batch.scores[place], row: batch.rows[place], place: Int32(place)))
        }
        heap.withUnsafeMutableBufferPointer { heap in
            for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { Self.sink(parent, in: heap) }
        }
    }

    /// The place of the best candidate left; nil when there is none.
    mutating func next() -> Int32? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            heap.withUnsafeMutableBufferPointer { Self.sink(0, in: $0) }
        }
        return first.place
    }

    private static func sink(_ start: Int, in heap: UnsafeMutableBufferPointer<Entry>) {
        var parent = start
        let moving = heap[parent]
        while true {
            var child = parent * 2 + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(moving) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = moving
    }
}
