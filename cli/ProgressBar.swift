import Glibc

/// How far long work is, on one line of a terminal's standard error; nothing where that is no terminal.
struct ProgressBar {
    private static let width = 24
    private static let interval = Duration.milliseconds(200)

    private let isShown = isatty(STDERR_FILENO) == 1
    private var begun: (step: String, at: ContinuousClock.Instant, done: Int)?
    private var drawn: ContinuousClock.Instant?

    /// - Parameters:
    ///   - unit: what is counted, in the plural.
    ///   - total: 0 where it is not known.
    mutating func show(_ step: String, _ detail: String, done: Int, of total: Int, unit: String) {
        guard isShown else { return }
        let now = ContinuousClock.now
        // What an earlier run had done is not this one's speed.
        if begun?.step != step { begun = (step, now, done) }
        guard let begun, drawn.map({ now - $0 >= Self.interval }) ?? true else { return }
        drawn = now
        let seconds = (now - begun.at) / .seconds(1)
        let rate = seconds > 0 ? Double(done - begun.done) / seconds : 0
        var text = step
        if total > 0 {
            let filled = min(Self.width, done * Self.width / total)
            text += " [" + String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled) + "] \(done * 100 / total) %"
            text += rate >= 1 ? ", \(Int(rate)) \(unit)/s, \(Self.time(Double(total - done) / rate)) left" : ""
        }
        write("\r\u{1B}[K" + text + (detail.isEmpty ? "" : ", " + detail))
    }

    /// Takes the line away, for what stays on the screen.
    mutating func clear() {
        guard isShown, drawn != nil else { return }
        drawn = nil
        write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func time(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        return whole < 60 ? "\(whole) s" : whole < 3_600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3_600) h \(whole / 60 % 60) min"
    }
}
