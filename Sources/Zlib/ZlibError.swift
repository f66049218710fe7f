/// Why compressed bytes were not decoded.
public enum ZlibError: Error, Equatable {
    case corrupt
    /// The input ends before the stream does.
    case truncated
    /// More than `limit` decoded bytes.
    case tooLarge(limit: Int)
    /// Decoded to more than 100 times its size: a bomb, not text.
    case ratioExceeded
}
