internal import CCurl
internal import Glibc

/// What libcurl calls while it works, on the engine's thread.
extension RunningTransfer {
    /// Before a connection is made: the address is the one that will be used, so this is where the policy holds.
    func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard let socketAddress = ccurl_address(address),
            let ip = IPAddress(socketAddress, length: Int(address.pointee.addrlen))
        else { return CURL_SOCKET_BAD }
        let policy = engine.loop.policy
        guard transfer.request.isTLS ? policy.allows(ip) : policy.allowsPlain(ip) else {
            refusal = transfer.request.isTLS ? .addressRefused : .schemeRefused
            return CURL_SOCKET_BAD
        }
        let close = Int32(SOCK_CLOEXEC.rawValue)
        return socket(address.pointee.family, address.pointee.socktype | close, address.pointee.`protocol`)
    }

    /// Before the request is handed to a connection, new or kept.
    /// - Returns: whether it may be: libcurl would repeat any request whose kept connection dies before an answer, though the
    ///   peer may have acted on it.
    func connected() -> Bool {
        guard attempts == 0 || transfer.request.isRepeatable else {
            failure = .brokenAnswer
            return false
        }
        attempts += 1
        noteActivity()
        return true
    }

    /// - Returns: the bytes taken; any other number ends the transfer.
    func receiveHead(_ line: UnsafeRawBufferPointer) -> Int {
        noteActivity()
        do {
            if try head.read(line, limits: transfer.request.limits) == .complete {
                if let length = head.contentLength, hasBody { try checkBody(length) }
                transfer.accept(head)
                if head.status >= 300 && isSending {
                    isSending = false
                    // libcurl sends no more, but one that was told to wait for bytes would do so for ever.
                    engine.loop.post(.resume(transfer))
                }
            }
            return line.count
        } catch {
            failure = error
            return 0
        }
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        do {
            try checkBody(received + bytes.count)
        } catch {
            failure = error
            return 0
        }
        let expected = head.contentLength.map { $0 - received }
        switch transfer.append(bytes, expected: expected) {
        case .taken:
            received += bytes.count
            noteActivity()
            return bytes.count
        case .heldBack:
            // libcurl keeps these bytes and brings them again.
            isHeldBack = true
            engine.touch(self)
            return Int(CURL_WRITEFUNC_PAUSE)
        case .over:
            return 0
        }
    }

    func sendBody(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let length = transfer.request.bodyLength
        switch transfer.request.body {
        case .none: return 0
        case .bytes(let bytes):
            let taken = min(buffer.count, bytes.count - sent)
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + taken])) }
            sent += taken
            noteActivity()
            if sent == bytes.count { isSending = false }
            return taken
        case .stream:
            switch transfer.takeUpload(into: buffer) {
            case .bytes(let taken):
                sent += taken
                noteActivity()
                if sent == length { isSending = false }
                return taken
            case .nothingYet: return Int(CURL_READFUNC_PAUSE)
            case .end:
                isSending = false
                noteActivity()
                return 0
            case .refused: return Int(CURL_READFUNC_ABORT)
            }
        }
    }

    private var hasBody: Bool { transfer.request.method != "HEAD" && !head.isBodiless }

    private func checkBody(_ bytes: Int) throws(CurlError) {
        if let most = transfer.request.limits.bodyBytes, bytes > most { throw .tooLarge(what: "body") }
    }

    /// What a transfer that libcurl has ended with `code` means to the caller; nil: all is well.
    func error(for code: CURLcode) -> CurlError? {
        if let failure { return failure }
        switch code {
        case CURLE_OK:
            guard head.isComplete else { return .brokenAnswer }
            if let length = head.contentLength, hasBody, received != length { return .brokenAnswer }
            return nil
        case CURLE_URL_MALFORMAT: return .invalidURL
        case CURLE_COULDNT_RESOLVE_HOST: return .cannotResolve
        case CURLE_COULDNT_CONNECT: return refusal ?? .cannotConnect
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED:
            return .tlsFailed
        case CURLE_OPERATION_TIMEDOUT: return attempts == 0 ? .timedOut(stage: "connect") : .timedOut(stage: "total")
        // A field of more than 100 KB is libcurl's own limit.
        case CURLE_OUT_OF_MEMORY where attempts > 0 && !head.isComplete: return .tooLarge(what: "head")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR,
            CURLE_RECV_ERROR, CURLE_SEND_FAIL_REWIND, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_BAD_CONTENT_ENCODING,
            CURLE_WRITE_ERROR, CURLE_ABORTED_BY_CALLBACK, CURLE_READ_ERROR:
            return .brokenAnswer
        default: return .other(code: Int(code.rawValue))
        }
    }
}
