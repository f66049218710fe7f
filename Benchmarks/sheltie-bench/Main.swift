import Glibc

/// Loops over parts of the product; scripts/bench starts it and sets its figures beside the peers'. Each prints `name value` lines.
@main
struct Main {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("anonymizer", 2): try await measureAnonymizer(database: arguments[1])
        case ("anonymizer-database", 2): try await prepareAnonymizer(database: arguments[1])
        case ("hmac", 2): try measureHMAC(count: number(arguments[1]))
        case ("ingest", 3): try await measureIngest(pages: arguments[1], database: arguments[2])
        case ("interactions", 4):
            try await measureInteractions(database: arguments[1], rows: number(arguments[2]), alone: number(arguments[3]))
        case ("posts", 3): try await measurePosts(database: arguments[1], rows: number(arguments[2]))
        case ("ranking", 2): measureRanking(statuses: number(arguments[1]))
        default:
            print("usage: sheltie-bench anonymizer DATABASE | anonymizer-database DATABASE | hmac COUNT | ingest PAGES DATABASE | interactions DATABASE ROWS ALONE | posts DATABASE ROWS | ranking STATUSES")
            exit(64)
        }
    }

    private static func number(_ text: String) -> Int {
        guard let number = Int(text), number > 0 else {
            print("not a count: \(text)")
            exit(64)
        }
        return number
    }
}

/// CPU time, user and system, that the kernel has counted for the whole process, in seconds.
func processTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// One figure, as scripts/bench reads it.
func report(_ name: String, _ value: Double) { print("\(name) \(value)") }

/// Keeps the optimizer from leaving out work whose result nobody reads.
@inline(never)
func use<Value>(_ value: borrowing Value) {}

/// Guards nothing.
let benchmarkKey = Array(UInt8(1)...32)
