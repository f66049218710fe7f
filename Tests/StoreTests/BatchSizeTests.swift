import Testing

@testable import Store

struct BatchSizeTests {
    @Test func `a write takes as many rows as hold the writer for 8 ms, going up by twos`() {
        var size = BatchSize()
        #expect(size.rows == 16)
        size.learn(rows: 16, held: .microseconds(160))
        #expect(size.rows == 32, "10 us a row would be 800 rows, and it goes up by twos")
        size.learn(rows: 32, held: .milliseconds(4))
        #expect(size.rows == 64)
        size.learn(rows: 64, held: .milliseconds(64))
        #expect(size.rows == 8, "1 ms a row")
        size.learn(rows: 8, held: .seconds(3))
        #expect(size.rows == 1)
        for _ in 0..<20 { size.learn(rows: size.rows, held: .nanoseconds(1)) }
        #expect(size.rows == 2_000)
    }
}
