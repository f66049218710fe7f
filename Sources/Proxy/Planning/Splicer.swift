/// Puts entries between the entries of a page, byte by byte: what upstream sent is copied, never read and written again.
enum Splicer {
    /// The body with the plan's insertions in their places and without the entries that make room.
    ///
    /// - Parameters:
    ///   - body: upstream's page: a JSON array.
    ///   - entries: where its entries stand in `body`, in order.
    ///   - inserted: one JSON value for each insertion of `plan`, in its order.
    /// - Returns: the parts of one array, in order; nothing is copied. Space between and around upstream's entries stays as it was.
    static func splice(_ body: [UInt8], entries: [PagePost], plan: PagePlan, inserted: [[UInt8]]) -> [ArraySlice<UInt8>] {
        precondition(inserted.count == plan.insertions.count, "\(inserted.count) entries for \(plan.insertions.count) places")
        guard let last = entries.last, plan.kept > 0, plan.kept <= entries.count else { return [body[...]] }
        var parts: [ArraySlice<UInt8>] = []
        parts.reserveCapacity(3 * inserted.count + 2)
        var copied = 0
        for (insertion, bytes) in zip(plan.insertions, inserted) {
            let end = entries[insertion.gap - 1].range.upperBound
            parts.append(body[copied..<end])
            parts.append(Self.comma)
            parts.append(bytes[...])
            copied = end
        }
        parts.append(body[copied..<entries[plan.kept - 1].range.upperBound])
        parts.append(body[last.range.upperBound...])
        return parts
    }

    private static let comma: ArraySlice<UInt8> = [UInt8(ascii: ",")]
}
