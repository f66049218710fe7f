import HTTPService
import HTTPTypes

extension DemoServer {
    /// Breaks an answer as a test asked.
    func apply(_ fault: DemoFaults.Fault, to response: inout ServerResponse) {
        for (name, value) in fault.fields {
            if let name = HTTPField.Name(name) { response.fields[name] = value }
        }
        guard case .bytes(var bytes) = response.body else { return }
        switch fault.body {
        case .asItIs: break
        case .bytes(let others): bytes = others
        case .html:
            response.fields[.contentType] = "text/html"
            bytes = Array("<html><body><h1>502 Bad Gateway</h1></body></html>".utf8)
        case .truncated(let share):
            let (length, part) = (bytes.count, Array(bytes.prefix(Int(Double(bytes.count) * share))))
            // Fewer bytes than announced: the server cuts the connection.
            response.body = .stream(length: length) { write in try await write(part) }
            return
        case .hang:
            response.body = .stream(length: nil) { _ in try await Task.sleep(for: .seconds(86_400)) }
            return
        }
        response.body = .bytes(bytes)
        guard fault.latencyInside > .zero else { return }
        let middle = bytes.count / 2
        response.body = .stream(length: bytes.count) { [bytes] write in
            try await write(Array(bytes[..<middle]))
            try await Task.sleep(for: fault.latencyInside)
            try await write(Array(bytes[middle...]))
        }
    }
}
