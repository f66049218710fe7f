/// The values that a label may have: the cases of an enumeration of words, so no label can name a person, a request or a host.
public typealias MetricLabel = CaseIterable & RawRepresentable & Sendable

/// How many people something is true of, as it may be told: nothing under 5, else rounded down to a multiple of 5, so that one who
/// comes or goes is seen at most at every fifth, and never who.
public struct PeopleCount: Sendable, Equatable {
    public static let least = 5

    /// nil for fewer than `least`.
    let told: Int?

    public init(_ aliases: Int) { told = aliases < Self.least ? nil : aliases / Self.least * Self.least }
}

/// Numbers about the service in Prometheus' text format, version 0.0.4.
///
/// Names and helps are literals; labels are of a closed list; what is about people is a `PeopleCount`.
public struct MetricsPage: Sendable {
    public enum Kind: String, Sendable { case counter, gauge }

    public private(set) var text = ""

    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public init() {}

    public mutating func add(_ kind: Kind, _ name: StaticString, _ help: StaticString, _ value: Int) {
        head(kind, name, help)
        text += "\(name) \(value)\n"
    }

    /// - Parameter value: nil leaves the label's value out.
    public mutating func add<Label: MetricLabel>(
        _ kind: Kind, _ name: StaticString, _ help: StaticString, by label: StaticString, of values: Label.Type, _ value: (Label) -> Int?
    ) where Label.RawValue == String {
        head(kind, name, help)
        for one in Label.allCases { if let value = value(one) { line(name, label, one, value) } }
    }

    /// What is about people.
    public mutating func add<Label: MetricLabel>(
        _ name: StaticString, _ help: StaticString, by label: StaticString, of values: Label.Type, people value: (Label) -> PeopleCount
    ) where Label.RawValue == String {
        head(.gauge, name, help)
        for one in Label.allCases { if let value = value(one).told { line(name, label, one, value) } }
    }

    /// What is about people, in one number; no sample for fewer than are told.
    public mutating func add(_ name: StaticString, _ help: StaticString, people value: PeopleCount) {
        head(.gauge, name, help)
        if let told = value.told { text += "\(name) \(told)\n" }
    }

    private mutating func head(_ kind: Kind, _ name: StaticString, _ help: StaticString) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line<Label: MetricLabel>(_ name: StaticString, _ label: StaticString, _ one: Label, _ value: Int)
    where Label.RawValue == String {
        text += "\(name){\(label)=\"\(one.rawValue)\"} \(value)\n"
    }
}
