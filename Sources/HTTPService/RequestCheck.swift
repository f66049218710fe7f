import HTTPTypes
import NIOHTTP1

/// A request head that may be answered.
struct CheckedHead {
    var method: String
    var target: String
    var authority: String
    var fields: HTTPFields
    /// nil when chunked.
    var bodyLength: Int?
    var expectsContinue: Bool
    var keepAlive: Bool
    var isHTTP10: Bool
    /// As `ServerRequest` has it.
    var upgrade: String?
    /// The parser reads nothing after such a request, whatever comes of it: its answer is the connection's last.
    var namesUpgrade: Bool
}

/// Why a head is not answered by the responder: a status and words for the client.
struct RefusedHead: Error, Equatable {
    var status: Int
    var reason: String
}

/// What a request must be before anything is done with it. The parser has already refused bare line ends, NUL, space before a
/// colon and names outside the token grammar; here is what two servers could read differently (request smuggling).
///
/// Source: RFC 9112, sections 3.2 and 6.3.
func check(_ head: HTTPRequestHead) throws(RefusedHead) -> CheckedHead {
    if head.method == .TRACE || head.method == .CONNECT {
        throw RefusedHead(status: 405, reason: "This method is not allowed")
    }
    guard head.uri.utf8.first == UInt8(ascii: "/") || (head.uri == "*" && head.method == .OPTIONS) else {
        throw RefusedHead(status: 400, reason: "The target must be a path")
    }
    guard !head.uri.utf8.contains(UInt8(ascii: "#")) else {
        throw RefusedHead(status: 400, reason: "The target must not have a fragment")
    }

    var fields = HTTPFields()
    fields.reserveCapacity(head.headers.count)
    var hosts: [String] = []
    var lengths: [String] = []
    var encodings: [String] = []
    var expectations: [String] = []
    let isHTTP10 = head.version != .http1_1
    var close = isHTTP10
    var upgrades: [String] = []
    var namesUpgrade = false
    for (name, value) in head.headers {
        guard let name = HTTPField.Name(name), HTTPField.isValidValue(value) else {
            throw RefusedHead(status: 400, reason: "A header field is malformed")
        }
        switch name.canonicalName {
        case "host":
            hosts.append(value)
            continue
        case "content-length": lengths.append(value)
        case "transfer-encoding": encodings.append(value.lowercased())
        case "upgrade": upgrades.append(value.lowercased())
        case "expect": expectations.append(value.lowercased())
        case "connection":
            for option in value.lowercased().split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\t" }) {
                if option == "close" { close = true }
                if option == "keep-alive" { close = false }
                if option == "upgrade" { namesUpgrade = true }
            }
        default: break
        }
        fields.append(HTTPField(name: name, value: value))
    }

    guard hosts.count == 1, isAuthority(hosts[0]) else {
        throw RefusedHead(status: 400, reason: "Exactly one Host is required")
    }
    guard lengths.isEmpty || encodings.isEmpty, lengths.count <= 1, encodings.count <= 1 else {
        throw RefusedHead(status: 400, reason: "The length of the body is given twice")
    }
    guard encodings.allSatisfy({ $0 == "chunked" }) else {
        throw RefusedHead(status: 400, reason: "This transfer encoding is not known")
    }
    guard expectations.allSatisfy({ $0 == "100-continue" }) else {
        throw RefusedHead(status: 417, reason: "This expectation is not known")
    }
    var length: Int? = encodings.isEmpty ? 0 : nil
    if let text = lengths.first {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text) else {
            throw RefusedHead(status: 400, reason: "The Content-Length is malformed")
        }
        length = number
    }
    return CheckedHead(
        method: head.method.rawValue, target: head.uri, authority: hosts[0], fields: fields, bodyLength: length,
        expectsContinue: !expectations.isEmpty && length != 0, keepAlive: !close, isHTTP10: isHTTP10,
        upgrade: namesUpgrade && upgrades.count == 1 && !isHTTP10 && length == 0 && head.method == .GET ? upgrades[0] : nil,
        namesUpgrade: namesUpgrade && !upgrades.isEmpty)
}

/// Letters, digits, and what host names, addresses and ports are written with; never user information.
private func isAuthority(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 255
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
            default: false
            }
        }
}
