import Recommender

/// Why a status is recommended, with what makes the reason particular: a hashtag, or the author's handle.
struct Reason: Sendable, Hashable {
    var code: ReasonCode
    /// A hashtag without its sign for `tag`, the author's `acct` as the hydrated status shows it for `author`, else nil.
    var argument: String?

    /// Only the codes that name something keep an argument.
    init(_ code: ReasonCode, argument: String? = nil) {
        self.code = code
        self.argument = switch code {
        case .author, .tag: argument.flatMap { $0.isEmpty ? nil : $0 }
        case .popularHere, .popular, .fresh: nil
        }
    }

    /// The reason of a placement: a code as it was logged, `tag-affinity:swift` where the hashtag was kept beside it.
    /// - Parameters:
    ///   - author: the `acct` of the hydrated status's account, which is never stored.
    /// - Returns: nil for a code that this version does not know.
    init?(logged: String, author: String) {
        let colon = logged.utf8.firstIndex(of: UInt8(ascii: ":"))
        guard let code = ReasonCode(rawValue: String(logged[..<(colon ?? logged.endIndex)])) else { return nil }
        self.init(code, argument: code == .author ? author : colon.map { String(logged[logged.utf8.index(after: $0)...]) })
    }

    /// The form that `init(logged:author:)` reads. It never holds an author's handle.
    var logged: String {
        guard code == .tag, let argument else { return code.rawValue }
        return code.rawValue + ":" + argument
    }
}

/// The languages that reasons are told in.
enum ReasonLanguage: String, Sendable, CaseIterable {
    case english = "en"
    case german = "de"
    case french = "fr"
    case spanish = "es"
    case japanese = "ja"

    /// The first language of the list that there are texts for; English if there is none.
    /// - Parameter acceptLanguage: the header's value (RFC 9110, 12.5.4); weights decide, then the order.
    init(acceptLanguage: String) {
        var best: (language: ReasonLanguage, weight: Double)?
        for item in acceptLanguage.split(separator: ",").prefix(20) {
            let parts = item.split(separator: ";")
            guard let tag = parts.first, let language = ReasonLanguage(tag: tag) else { continue }
            let weight = parts.dropFirst().lazy.compactMap { part -> Double? in
                let trimmed = part.drop { $0 == " " }
                return trimmed.hasPrefix("q=") ? Double(trimmed.dropFirst(2)) : nil
            }.first ?? 1
            if weight > best?.weight ?? 0 { best = (language, weight) }
        }
        self = best?.language ?? .english
    }

    /// - Parameter tag: a BCP 47 code: `de`, `de-AT`, ` FR `.
    init?(tag: some StringProtocol) {
        let primary = tag.drop { $0 == " " }.prefix { $0 != "-" && $0 != "_" && $0 != " " }
        self.init(rawValue: primary.lowercased())
    }
}
