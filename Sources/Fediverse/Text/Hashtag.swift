/// Hashtags as values that can be compared.
public enum Hashtag {
    /// The tag without its sign, in the form that equal tags share: compatibility forms as plain letters, lower case, nothing invisible.
    public static func folded(_ tag: String) -> String {
        var name = Folding.folded(tag)
        if name.unicodeScalars.first == "#" { name.unicodeScalars.removeFirst() }
        return name
    }
}
