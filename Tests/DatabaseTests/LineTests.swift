@testable import Database
import Testing

@Test func `a line gives back in the order in which it took`() {
    var line = Line<Int>()
    var out: [Int] = []
    for number in 0..<100 {
        line.append(number)
        if number % 3 == 0, let first = line.popFirst() { out.append(first) }
    }
    let removed = [line.remove { $0 == 70 }, line.remove { $0 == 3 }]
    #expect(removed == [true, false])
    #expect(line.count == 65)
    #expect(Array(line.prefix(2)) == [34, 35])
    while let first = line.popFirst() { out.append(first) }
    #expect(out == Array(0..<100).filter { $0 != 70 })
    #expect(line.count == 0 && line.first == nil)
}
