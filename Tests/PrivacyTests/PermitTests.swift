import Fediverse
import Privacy
import Testing

/// What a permitted interaction should look like, written down by hand from the privacy rules and not from the table.
private func expected(_ kind: InteractionKind, _ level: PrivacyLevel, _ visibility: Visibility, hasKey: Bool, views: Bool) -> Interaction? {
    if !hasKey || level == .none { return nil }
    if visibility != .public && visibility != .unlisted { return nil }
    var kept = Interaction.of(kind)
    if level == .limited {
        if kind == .view || kind == .bookmark { return nil }
        kept.at = Instant(microseconds: 1_782_896_400_000_000)  // 09:00:00
        kept.weight = nil
        kept.context = nil
        return kept
    }
    if kind == .view {
        guard views else { return nil }
        kept.at = Instant(microseconds: 1_782_864_000_000_000)  // midnight
        kept.weight = nil
        kept.context = nil
        return kept
    }
    kept.at = Instant(microseconds: 1_782_898_215_000_000)  // 09:30:15
    return kept
}

@Suite struct PermitTests {
    let policy = PrivacyPolicy()

    @Test(arguments: InteractionKind.allCases, PrivacyLevel.allCases)
    func `an act is kept as the rules say, for every visibility, with and without a row`(kind: InteractionKind, level: PrivacyLevel) {
        for visibility in [Visibility.public, .unlisted, .private, .direct] {
            for key in [AliasKey(7), nil] {
                for views in [false, true] {
                    let viewer = Viewer.at(level, key: key)
                    let permitted = policy.permit(.of(kind), visibility: visibility, for: viewer, keepingViews: views)
                    #expect(permitted?.record == expected(kind, level, visibility, hasKey: key != nil, views: views))
                    if let permitted { #expect(permitted.viewer == viewer && permitted.key == key) }
                }
            }
        }
    }

    @Test func `at NONE, or without a row, no record of any kind is permitted`() {
        let shown = Recommendation(post: PostKey(1), at: wednesday, reason: "fresh")
        let setting = Setting(name: "mode", value: "off")
        let less = Suppression(subject: .reason(code: "fresh"), setAt: wednesday)
        for viewer in [Viewer.at(.none), .at(.none, key: nil), .at(.limited, key: nil), .at(.full, key: nil)] {
            #expect(policy.permit(shown, for: viewer) == nil)
            #expect(policy.permit(visit: wednesday, for: viewer) == nil)
            #expect(policy.permit(setting: setting, for: viewer) == nil)
            #expect(policy.permit(suppression: less, for: viewer) == nil)
        }
    }

    @Test func `a recommendation keeps its wrapper and the day at LIMITED, all of it at FULL`() {
        let shown = Recommendation(
            post: PostKey(1), at: wednesday, reason: "fresh", modelVersion: "blend-v1", shownAs: "105", above: "106", below: "104", position: 3)
        var limited = shown
        limited.at = Instant(microseconds: 1_782_864_000_000_000)
        limited.modelVersion = nil
        limited.position = nil
        var full = shown
        full.at = Instant(microseconds: 1_782_898_215_000_000)
        #expect(policy.permit(shown, for: .at(.limited))?.record == limited)
        #expect(policy.permit(shown, for: .at(.full))?.record == full)
    }

    @Test func `a visit is its week at LIMITED and its day at FULL`() {
        // Monday 2026-06-29 and Wednesday 2026-07-01.
        #expect(policy.permit(visit: wednesday, for: .at(.limited))?.record == Instant(seconds: 1_782_691_200))
        #expect(policy.permit(visit: wednesday, for: .at(.full))?.record == Instant(seconds: 1_782_864_000))
    }

    @Test func `a setting is kept as it was given at LIMITED and FULL`() {
        let setting = Setting(name: "mode", value: nil)
        #expect(policy.permit(setting: setting, for: .at(.limited))?.record == setting)
        #expect(policy.permit(setting: setting, for: .at(.full))?.record == setting)
    }

    @Test func `"less of this" is cut to the week or day, and ends neither early nor after its level`() {
        let day = Instant.Span.days(1)
        let asked = Suppression(subject: .author(id: "a"), setAt: wednesday, until: wednesday + .days(2))
        let limited = policy.permit(suppression: asked, for: .at(.limited))?.record
        #expect(limited?.setAt == Instant(seconds: 1_782_691_200) && limited?.until == Instant(seconds: 1_782_691_200) + .days(7))
        let full = policy.permit(suppression: asked, for: .at(.full))?.record
        #expect(full?.setAt == Instant(seconds: 1_782_864_000) && full?.until == Instant(seconds: 1_782_864_000) + .days(2) + day)
        let long = Suppression(subject: .author(id: "a"), setAt: wednesday, until: wednesday + .days(9_999))
        #expect(policy.permit(suppression: long, for: .at(.limited))?.record.until == Instant(seconds: 1_782_691_200) + .days(90))
        #expect(policy.permit(suppression: long, for: .at(.full))?.record.until == Instant(seconds: 1_782_864_000) + .days(365))
        let open = Suppression(subject: .reason(code: "fresh"), setAt: wednesday)
        #expect(policy.permit(suppression: open, for: .at(.full))?.record.until == nil)
    }

    @Test func `a context keeps short codes only, and a weight only where it is a number`() {
        func kept(_ context: Interaction.Context?, weight: Double? = 1) -> Interaction? {
            var act = Interaction.of(.favourite)
            (act.context, act.weight) = (context, weight)
            return policy.permit(act, visibility: .public, for: .at(.full))?.record
        }
        let fitting = Interaction.Context(
            source: String(repeating: "s", count: 64), position: 100_000, reason: String(repeating: "r", count: 255))
        #expect(kept(fitting)?.context == fitting)
        let tooLong = Interaction.Context(
            source: String(repeating: "s", count: 65), position: 100_001, reason: String(repeating: "r", count: 256))
        #expect(kept(tooLong)?.context == nil)
        #expect(kept(.init(source: "home", position: -1, reason: "you like @alice"))?.context == .init(source: "home"))
        #expect(kept(.init(source: "https://a.example/@b", position: 0, reason: "a\nb"))?.context == .init(position: 0))
        #expect(kept(nil)?.context == nil)
        #expect(kept(nil, weight: .nan)?.weight == nil && kept(nil, weight: .infinity)?.weight == nil && kept(nil, weight: -2)?.weight == -2)
    }

    @Test(arguments: [
        (Instant(seconds: 0), Instant(seconds: -259_200)),  // Thursday 1970-01-01 to Monday 1969-12-29
        (Instant(seconds: 345_600), Instant(seconds: 345_600)),  // Monday 1970-01-05
        (Instant(seconds: 345_599), Instant(seconds: -259_200)),
        (Instant(seconds: -1), Instant(seconds: -259_200)),
    ])
    func `weeks begin on Monday, also before 1970`(moment: Instant, monday: Instant) {
        #expect(KeepingPolicy.Precision.week.cut(moment) == monday)
        #expect(KeepingPolicy.Precision.week.raised(monday) == monday)
    }
}
