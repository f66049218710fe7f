internal import CCurl

/// A connection that libcurl made and then left to us, but for the bytes' way through TLS.
struct Tunnel {
    let socket: Int32
    /// nil once the protocol has been switched.
    var answer: UpgradeAnswer? = UpgradeAnswer()
    /// What libcurl could not take. It stays where it is, because TLS wants the same bytes at the same place again.
    var unsent: UnsafeMutableRawBufferPointer?
    var sentOfUnsent = 0

    static let piece = 8 * 1024
}

/// What the engine does on such a connection, on its thread.
extension RunningTransfer {
    /// The connection is there: the request goes out.
    /// - Throws: when it is not to be had.
    func beginTunnel() throws(CurlError) {
        let socket = ccurl_active_socket(easy)
        guard socket != CURL_SOCKET_BAD, engine.watch(socket, for: self) else { throw .cannotConnect }
        let head = transfer.request.head
        let unsent = UnsafeMutableRawBufferPointer.allocate(byteCount: head.count, alignment: 1)
        unsent.copyBytes(from: head)
        tunnel = Tunnel(socket: socket, unsent: unsent)
        pump()
    }

    /// Moves what can be moved, both ways, until either side has to be waited for.
    func pump() {
        do {
            try pumpOut()
            try pumpIn()
        } catch {
            engine.end(self, error)
        }
    }

    /// To be called before the handle goes.
    func endTunnel() {
        tunnel?.unsent?.deallocate()
        tunnel = nil
    }

    private func pumpOut() throws(CurlError) {
        while tunnel != nil {
            if tunnel?.unsent == nil {
                // Before the protocol is switched nothing of it may be sent.
                guard tunnel?.answer == nil else { break }
                switch takePiece() {
                case .none: return
                case .end: return engine.end(self, nil)
                case .bytes(let piece):
                    tunnel?.unsent = piece
                    tunnel?.sentOfUnsent = 0
                }
            }
            guard let unsent = tunnel?.unsent, let start = unsent.baseAddress, let offset = tunnel?.sentOfUnsent else { break }
            var sent = 0
            let code = curl_easy_send(easy, start + offset, unsent.count - offset, &sent)
            if code == CURLE_AGAIN { return }
            guard code == CURLE_OK else { throw .brokenAnswer }
            noteActivity()
            tunnel?.sentOfUnsent = offset + sent
            if offset + sent == unsent.count {
                unsent.deallocate()
                tunnel?.unsent = nil
            }
        }
    }

    private enum Piece { case none, bytes(UnsafeMutableRawBufferPointer), end }

    /// The next bytes that were given to be sent, in memory of their own.
    private func takePiece() -> Piece {
        withUnsafeTemporaryAllocation(byteCount: Tunnel.piece, alignment: 1) { buffer in
            switch transfer.takeUpload(into: buffer) {
            case .nothingYet, .refused: return .none
            case .end: return .end
            case .bytes(let count):
                let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
                piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return .bytes(piece)
            }
        }
    }

    private func pumpIn() throws(CurlError) {
        let failure: CurlError? = withUnsafeTemporaryAllocation(byteCount: Tunnel.piece, alignment: 1) { buffer in
            while tunnel != nil {
                isHeldBack = !transfer.hasRoom()
                if isHeldBack { return nil }
                var count = 0
                let code = curl_easy_recv(easy, buffer.baseAddress, buffer.count, &count)
                if code == CURLE_AGAIN { return nil }
                guard code == CURLE_OK else { return .brokenAnswer }
                noteActivity()
                do throws(CurlError) {
                    try receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                } catch {
                    return error
                }
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// - Parameter bytes: none at the end.
    private func receive(_ bytes: UnsafeRawBufferPointer) throws(CurlError) {
        guard tunnel?.answer != nil else {
            if bytes.isEmpty { return engine.end(self, nil) }
            _ = transfer.append(bytes, expected: nil)
            return
        }
        let limits = transfer.request.limits
        let step = bytes.isEmpty ? try tunnel?.answer?.end() : try tunnel?.answer?.take(bytes, limits: limits)
        switch step {
        case .more, nil: return
        case .switched(let first):
            accept()
            first.withUnsafeBytes { if !$0.isEmpty { _ = transfer.append($0, expected: nil) } }
            tunnel?.answer = nil
            try pumpOut()
        case .refused(let body):
            accept()
            body.withUnsafeBytes { if !$0.isEmpty { _ = transfer.append($0, expected: nil) } }
            engine.end(self, nil)
        }
    }

    private func accept() {
        if let read = tunnel?.answer?.head { head = read }
        transfer.accept(head)
    }
}
