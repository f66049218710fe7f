/// Puts entries between the entries of a page, byte by byte: what upstream sent is copied, never read and written again.
enum Splicer {
    /// The body with the plan's insertions in their places and without the entries that make room.
    ///
    /// - Parameters:
    ///   - body: upstream's page: a JSON array.
    ///   - entries: where its entries stand in `body`, in order.
    ///   - inserted: one JSON value for each insertion of `plan`, in its order.
    /// - Returns: one array of exactly the size it needs. Space between and around upstream's entries stays as it was.
    static func splice(_ body: [UInt8], entries: [PagePost], plan: PagePlan, inserted: [[UInt8]]) -> [UInt8] {
        precondition(inserted.count == plan.insertions.count, "\(inserted.count) entries for \(plan.insertions.count) places")
        guard let last = entries.last, plan.kept > 0, plan.kept <= entries.count else { return body }
        let kept = entries[plan.kept - 1]
        let added = inserted.reduce(0) { $0 + $1.count + 1 }
        let size = body.count - (last.range.upperBound - kept.range.upperBound) + added
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            var copied = 0
            func copy(_ part: ArraySlice<UInt8>) {
                count += UnsafeMutableBufferPointer(rebasing: buffer[count...]).update(fromContentsOf: part)
            }
            for (insertion, bytes) in zip(plan.insertions, inserted) {
                let end = entries[insertion.gap - 1].range.upperBound
                copy(body[copied..<end])
                copied = end
                copy([UInt8(ascii: ",")])
                copy(bytes[...])
            }
            copy(body[copied..<kept.range.upperBound])
            copy(body[last.range.upperBound...])
        }
    }
}
