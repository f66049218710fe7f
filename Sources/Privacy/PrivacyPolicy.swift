public import Fediverse

/// The gate before every personal write: gives the form in which a record may be kept, or nothing.
///
/// Nothing is ever permitted at NONE, nor to a viewer without a row. `Permitted` has no initializer outside this module, so
/// a repository's write that did not come through here does not compile (`Permitted(interaction, of: viewer, key: key)`
/// in another module is refused: "initializer is inaccessible due to 'internal' protection level").
public struct PrivacyPolicy: Sendable {
    public let keeping: KeepingPolicy

    public init(keeping: KeepingPolicy = .standard) { self.keeping = keeping }

    /// - Parameters:
    ///   - visibility: of the status that was acted on; on private and direct ones no act is ever kept.
    ///   - keepingViews: whether this viewer turned the keeping of views on.
    public func permit(
        _ interaction: Interaction, visibility: Visibility, for viewer: Viewer, keepingViews: Bool = false
    ) -> Permitted<Interaction>? {
        let record = Self.record(of: interaction.kind, visibility: visibility)
        guard let (key, form) = grant(record, to: viewer), keepingViews || !form.onlyWhenTurnedOn else { return nil }
        return Permitted(
            Interaction(
                post: interaction.post, kind: interaction.kind, at: form.cut(interaction.at),
                weight: form.parts.contains(.weight) ? interaction.weight.flatMap { $0.isFinite ? $0 : nil } : nil,
                context: form.parts.contains(.context) ? interaction.context.flatMap(ContextLimits.bounded) : nil),
            of: viewer, key: key)
    }

    /// What was shown by us: the status and the reason's code at the day (LIMITED), or with its circumstances (FULL).
    public func permit(_ recommendation: Recommendation, for viewer: Viewer) -> Permitted<Recommendation>? {
        guard let (key, form) = grant(.recommendation, to: viewer) else { return nil }
        var kept = recommendation
        kept.at = form.cut(recommendation.at)
        if !form.parts.contains(.modelVersion) { kept.modelVersion = nil }
        // The code alone: what stands behind the colon (a hashtag) is a circumstance, too.
        if !form.parts.contains(.argument) { kept.reason = String(kept.reason.prefix { $0 != ":" }) }
        if !form.parts.contains(.position) { kept.position = nil }
        if !form.parts.contains(.wrapper) { (kept.shownAs, kept.above, kept.below) = (nil, nil, nil) }
        return Permitted(kept, of: viewer, key: key)
    }

    /// That the person was here: the week (LIMITED) or the day (FULL).
    public func permit(visit: Instant, for viewer: Viewer) -> Permitted<Instant>? {
        guard let (key, form) = grant(.visit, to: viewer) else { return nil }
        return Permitted(form.cut(visit), of: viewer, key: key)
    }

    public func permit(setting: Setting, for viewer: Viewer) -> Permitted<Setting>? {
        guard let (key, _) = grant(.setting, to: viewer) else { return nil }
        return Permitted(setting, of: viewer, key: key)
    }

    /// "Less of this", at the week (LIMITED) or the day (FULL). An end asked for is raised to the same unit, so that it does
    /// not come early, and never lies behind the end that the level sets.
    public func permit(suppression: Suppression, for viewer: Viewer) -> Permitted<Suppression>? {
        guard let (key, form) = grant(.suppression, to: viewer) else { return nil }
        let start = form.cut(suppression.setAt)
        var end = suppression.until.map { form.precision?.raised($0) ?? $0 }
        if let asked = end, let age = form.age { end = min(asked, start + age) }
        return Permitted(Suppression(subject: suppression.subject, setAt: start, until: end), of: viewer, key: key)
    }

    private func grant(_ record: KeepingPolicy.Record, to viewer: Viewer) -> (AliasKey, KeepingPolicy.Form)? {
        // NONE is said once more, so that no table could ever loosen it.
        guard viewer.level != .none, let key = viewer.key, let form = keeping.form(of: record, at: viewer.level) else { return nil }
        return (key, form)
    }

    private static func record(of kind: InteractionKind, visibility: Visibility) -> KeepingPolicy.Record {
        switch visibility {
        case .private, .direct: .privateAct
        default: KeepingPolicy.record(of: kind)
        }
    }
}

extension KeepingPolicy.Form {
    fileprivate func cut(_ instant: Instant) -> Instant { precision?.cut(instant) ?? instant }
}

/// How much of a caller's context is kept: three members, short codes.
enum ContextLimits {
    static let source = 64
    static let reason = 255
    static let position = 0...100_000

    /// A member over its limit is left out, not cut: half a word says something else. Nothing left is no context.
    static func bounded(_ context: Interaction.Context) -> Interaction.Context? {
        let kept = Interaction.Context(
            source: context.source.flatMap { isCode($0, most: source) ? $0 : nil },
            position: context.position.flatMap { position.contains($0) ? $0 : nil },
            reason: context.reason.flatMap { isCode($0, most: reason) ? $0 : nil })
        return kept == Interaction.Context() ? nil : kept
    }

    /// Printable, short, and without the signs of a handle or an address, which would name somebody at rest.
    private static func isCode(_ text: String, most: Int) -> Bool {
        !text.isEmpty && text.utf8.count <= most && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F || $0 == 0x40 }
            && !text.utf8.starts(with: "http".utf8) && !text.contains("://")
    }
}
