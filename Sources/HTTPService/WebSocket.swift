import OpenSSL

/// What both ends of a WebSocket must agree on (RFC 6455).
public enum WebSocket {
    /// The value of `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`.
    public static func acceptance(of key: String) -> String {
        SHA1.base64(of: (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    }

    public enum Kind: UInt8, Sendable {
        case text = 1
        case close = 8
        case ping = 9
        case pong = 10
    }

    /// A message in one frame.
    /// - Parameter mask: four bytes where a client sends it.
    public static func frame(_ kind: Kind, _ payload: some Collection<UInt8>, mask: [UInt8]? = nil) -> [UInt8] {
        var frame = [0x80 | kind.rawValue]
        let flag: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case ..<126: frame.append(flag | UInt8(payload.count))
        case ..<65_536: frame += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            frame.append(flag | 127)
            frame += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: payload.count >> $0) }
        }
        guard let mask else { return frame + payload }
        return frame + mask + zip(0..., payload).map { $1 ^ mask[$0 & 3] }
    }
}
