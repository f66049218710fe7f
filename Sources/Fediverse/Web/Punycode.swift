/// Unicode in the letters of a host name (RFC 3492).
enum Punycode {
    private static let base = 36
    private static let firstBias = 72
    private static let firstCode = 0x80

    /// - Returns: without the `xn--`; nil where the numbers grow too large.
    static func encoded(_ scalars: [Unicode.Scalar]) -> String? {
        var output = scalars.filter(\.isASCII).map { UInt8($0.value) }
        let basic = output.count
        if basic > 0 { output.append(UInt8(ascii: "-")) }
        var (code, delta, bias, handled) = (firstCode, 0, firstBias, basic)
        while handled < scalars.count {
            guard let next = scalars.map({ Int($0.value) }).filter({ $0 >= code }).min() else { return nil }
            let (step, overflow) = (next - code).multipliedReportingOverflow(by: handled + 1)
            guard !overflow, delta <= Int.max - step else { return nil }
            delta += step
            code = next
            for scalar in scalars {
                if scalar.value < code { delta += 1 }
                guard scalar.value == code else { continue }
                var rest = delta
                var position = base
                while true {
                    let threshold = threshold(position, bias)
                    if rest < threshold { break }
                    output.append(digit(threshold + (rest - threshold) % (base - threshold)))
                    rest = (rest - threshold) / (base - threshold)
                    position += base
                }
                output.append(digit(rest))
                bias = adapted(delta, count: handled + 1, isFirst: handled == basic)
                delta = 0
                handled += 1
            }
            delta += 1
            code += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// - Parameter text: without the `xn--`, ASCII.
    /// - Returns: nil for what no encoder makes.
    static func decoded(_ text: String) -> [Unicode.Scalar]? {
        let bytes = Array(text.utf8)
        var output: [Unicode.Scalar] = []
        var index = 0
        if let dash = bytes.lastIndex(of: UInt8(ascii: "-")) {
            guard bytes[..<dash].allSatisfy({ $0 < 0x80 }) else { return nil }
            output = bytes[..<dash].map { Unicode.Scalar($0) }
            index = dash + 1
        }
        var (code, place, bias) = (firstCode, 0, firstBias)
        while index < bytes.count {
            let before = place
            var (weight, position) = (1, base)
            while true {
                guard index < bytes.count, let digit = value(bytes[index]) else { return nil }
                index += 1
                let (add, tooBig) = digit.multipliedReportingOverflow(by: weight)
                let (sum, tooFar) = place.addingReportingOverflow(add)
                guard !tooBig, !tooFar else { return nil }
                place = sum
                let threshold = threshold(position, bias)
                if digit < threshold { break }
                let (heavier, overflow) = weight.multipliedReportingOverflow(by: base - threshold)
                guard !overflow else { return nil }
                weight = heavier
                position += base
            }
            let count = output.count + 1
            bias = adapted(place - before, count: count, isFirst: before == 0)
            guard place / count <= 0x10_FFFF - code, let scalar = Unicode.Scalar(UInt32(code + place / count)) else { return nil }
            code += place / count
            place %= count
            output.insert(scalar, at: place)
            place += 1
        }
        return output
    }

    private static func threshold(_ position: Int, _ bias: Int) -> Int { min(26, max(1, position - bias)) }

    private static func adapted(_ delta: Int, count: Int, isFirst: Bool) -> Int {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / count
        var shift = 0
        while delta > 455 {
            delta /= 35
            shift += base
        }
        return shift + 36 * delta / (delta + 38)
    }

    private static func digit(_ value: Int) -> UInt8 { UInt8(value < 26 ? value + 0x61 : value - 26 + 0x30) }

    private static func value(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30 + 26
        case 0x41...0x5A: Int(byte) - 0x41
        case 0x61...0x7A: Int(byte) - 0x61
        default: nil
        }
    }
}
