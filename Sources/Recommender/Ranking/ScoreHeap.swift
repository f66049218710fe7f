/// The open candidates, best score first, put in order only as far as anyone has asked.
///
/// A slate of 8 looks at some dozens of 500 candidates: sorting them all would cost more than everything else.
struct ScoreHeap {
    private var heap: [Int32]
    private let scores: [Double]
    private let rows: [Int32]

    init(_ batch: CandidateBatch) {
        scores = batch.scores
        rows = batch.rows
        heap = (0..<Int32(batch.count)).filter { batch.reasons[Int($0)] >= 0 }
        for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(parent) }
    }

    /// The place of the best candidate left; nil when there is none.
    mutating func next() -> Int32? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink(0)
        }
        return first
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        let moving = heap[parent]
        while true {
            var child = parent * 2 + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, precedes(heap[child + 1], heap[child]) { child += 1 }
            guard precedes(heap[child], moving) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = moving
    }

    private func precedes(_ left: Int32, _ right: Int32) -> Bool {
        let (a, b) = (scores[Int(left)], scores[Int(right)])
        return a != b ? a > b : rows[Int(left)] < rows[Int(right)]
    }
}
