/// Text in the forms in which it is compared: NFKC-like case folding without Foundation.
///
/// Exact for everything that folds to ASCII letters, digits, `#` and `_`; elsewhere lower case and the common precomposed letters.
enum Folding {
    /// Compatibility forms as plain letters, lower case, nothing invisible.
    static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        var result = ""
        for scalar in composed(text).unicodeScalars where !isInvisible(scalar) { append(scalar, to: &result) }
        return result
    }

    /// Also without diacritics and enclosing marks: what is left to compare when every doubt counts as equal.
    /// - Parameter invisible: what stands for a zero-width scalar.
    static func skeleton(_ text: String, invisible: String = "") -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        var result = ""
        for scalar in text.unicodeScalars {
            if isInvisible(scalar) {
                result += invisible
            } else if isMark(scalar) {
                continue
            } else if let letter = unmarked(scalar) {
                result.unicodeScalars.append(letter)
            } else {
                append(scalar, to: &result)
            }
        }
        // Lower case can bring its own mark: the dotted capital I of Turkish.
        result.unicodeScalars.removeAll(where: isMark)
        return result
    }

    /// Letters, digits, marks and connectors: what a hashtag is made of.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil || isMark(scalar)
            || scalar.properties.generalCategory == .connectorPunctuation
    }

    /// Zero-width characters, soft hyphens, joiners, direction marks, variation selectors, tags.
    static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        !scalar.isASCII && (scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.generalCategory == .format)
    }

    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Letters and their marks in one scalar where there is one (the common part of NFC).
    static func composed(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
        var result = ""
        for character in text {
            if character.unicodeScalars.count > 1, let single = composites[character] {
                result.unicodeScalars.append(single)
            } else {
                result.append(character)
            }
        }
        return result
    }

    /// Adds the scalar's folded form.
    static func append(_ scalar: Unicode.Scalar, to result: inout String) {
        if scalar.isASCII {
            result.unicodeScalars.append(scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar)
        } else if let ascii = ascii(for: scalar) {
            result.unicodeScalars.append(ascii)
        } else if let letters = FoldingTable.sequences[scalar.value] {
            result += letters
        } else {
            result += scalar.properties.lowercaseMapping
        }
    }

    private static func ascii(for scalar: Unicode.Scalar) -> Unicode.Scalar? {
        let runs = FoldingTable.runs
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].first <= scalar.value { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let run = runs[low - 1]
        guard scalar.value - run.first < run.count else { return nil }
        return Unicode.Scalar(run.ascii + UInt8(scalar.value - run.first))
    }

    /// The letter under the marks of a precomposed Latin letter, in lower case.
    private static func unmarked(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        let letter: UInt8
        if let index = index(of: scalar, from: FoldingTable.latinFirst, in: FoldingTable.latin) {
            letter = FoldingTable.latin[index]
        } else if let index = index(of: scalar, from: FoldingTable.latinAdditionalFirst, in: FoldingTable.latinAdditional) {
            letter = FoldingTable.latinAdditional[index]
        } else {
            return nil
        }
        return letter == UInt8(ascii: ".") ? nil : Unicode.Scalar(letter)
    }

    private static func index(of scalar: Unicode.Scalar, from first: UInt32, in table: [UInt8]) -> Int? {
        scalar.value >= first && scalar.value - first < UInt32(table.count) ? Int(scalar.value - first) : nil
    }

    /// Precomposed letters by what they look like: characters that are canonically equivalent are equal and hash equally.
    private static let composites: [Character: Unicode.Scalar] = {
        var table: [Character: Unicode.Scalar] = [:]
        for range in [0xC0...0x24F, 0x370...0x6D3, 0x1E00...0x1FFC, 0x3040...0x30FF, 0xAC00...0xD7A3] as [ClosedRange<UInt32>] {
            for value in range {
                guard let scalar = Unicode.Scalar(value), table[Character(scalar)] == nil else { continue }
                table[Character(scalar)] = scalar
            }
        }
        return table
    }()
}
