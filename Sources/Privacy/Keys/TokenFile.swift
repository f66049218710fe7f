/// An access token of the operator's own in a file that nobody else can reach.
public enum TokenFile {
    private static let longest = 1_024

    /// - Returns: the token, without what stands around it.
    /// - Throws: `TokenFileError`; none of them tells what the file holds.
    public static func load(path: String) throws(TokenFileError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try SecretFile.read(path, atMost: longest)
        } catch MasterKeyError.missing {
            throw .missing
        } catch MasterKeyError.openToOthers, MasterKeyError.otherOwner {
            throw .openToOthers
        } catch {
            throw .unreadable
        }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
        let token = Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
        guard !token.isEmpty, token.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .noToken }
        return String(decoding: token, as: UTF8.self)
    }
}

public enum TokenFileError: Error, Equatable, CustomStringConvertible {
    case missing, openToOthers, unreadable, noToken

    public var description: String {
        switch self {
        case .missing: "there is no such file with the stream's token"
        case .openToOthers: "the file with the stream's token can be reached by others, or is another user's; make it yours alone with mode 0600"
        case .unreadable: "the file with the stream's token cannot be read"
        case .noToken: "the file with the stream's token holds no token on a line of its own"
        }
    }
}
