/// First in, first out; taking from the front does not move the rest each time.
struct Line<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var start = 0

    var count: Int { elements.count - start }
    var first: Element? { start < elements.count ? elements[start] : nil }
    func prefix(_ count: Int) -> ArraySlice<Element> { elements[start...].prefix(count) }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Puts it before all others.
    mutating func prepend(_ element: Element) {
        guard start > 0 else { return elements.insert(element, at: 0) }
        start -= 1
        elements[start] = element
    }

    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        start += 1
        // Moves the rest once it is the smaller part: a constant price for each element, in all.
        if start * 2 > elements.count {
            elements.removeSubrange(..<start)
            start = 0
        }
        return first
    }

    /// Removes the first one that matches; false when there is none.
    mutating func remove(where matches: (Element) -> Bool) -> Bool {
        guard let index = elements[start...].firstIndex(where: matches) else { return false }
        elements.remove(at: index)
        return true
    }
}
