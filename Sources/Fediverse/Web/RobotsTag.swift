/// The field `X-Robots-Tag` of an answer: what robots may do with what it holds.
public enum RobotsTag {
    /// Directives that have a value of their own behind a colon; any other word there names a robot.
    private static let valued: Set<Substring> = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"]

    /// Whether a field forbids keeping the answer, to everybody or to us.
    /// - Parameters:
    ///   - value: of one field: a robot's name counts for the directives behind it, up to the field's end.
    ///   - agent: our own name, in any case.
    public static func refuses(_ value: String, agent: String) -> Bool {
        var isMeant = true
        for part in value.lowercased().split(separator: ",") {
            var directive = part.filter { $0 != " " && $0 != "\t" }[...]
            if let colon = directive.firstIndex(of: ":"), !valued.contains(directive[..<colon]) {
                isMeant = directive[..<colon] == agent.lowercased()
                directive = directive[directive.index(after: colon)...]
            }
            if isMeant, directive == "noindex" || directive == "none" { return true }
        }
        return false
    }
}
