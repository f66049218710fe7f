internal import CCurl

extension RunningTransfer {
    /// A connection that nobody used for this long is not used again: common servers close theirs after 60 s or more,
    /// and a request on a connection that the peer is just closing is lost.
    private static let oldestIdleSeconds = 50

    /// Everything that libcurl is told about this request, on a handle that has been reset.
    func setOptions(_ settings: CurlSettings) throws(CurlError) {
        let request = transfer.request
        try setWhereTo(request, settings)
        try setCallbacks()
        try setWhat(request)
    }

    private func setWhereTo(_ request: CheckedRequest, _ settings: CurlSettings) throws(CurlError) {
        try set(CURLOPT_URL, request.origin)
        try set(CURLOPT_REQUEST_TARGET, request.target)
        try set(CURLOPT_PROTOCOLS_STR, request.isTLS ? "https" : "http")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // An empty one also keeps a proxy of the environment out, which would hide the address from the policy.
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NOSIGNAL, 1)
        // Else taking a handle down would wait for its name to be resolved, and all others with it.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_MAXAGE_CONN, Self.oldestIdleSeconds)
        // Shared out by libcurl among a name's addresses; our own deadline is the one that counts.
        try set(CURLOPT_CONNECTTIMEOUT_MS, request.limits.connect.wholeMilliseconds)
        // Refused by 7.88.1 on a handle whose last transfer shared its HTTP/2 connection: that one keeps the buffer it has
        // (of this size), and reads as much at once as by default.
        // An upgraded connection is read by us, and thousands of them may be silent.
        _ = ccurl_set_long(easy, CURLOPT_BUFFERSIZE, transfer.isUpgrade ? 8 * 1024 : 128 * 1024)
        if transfer.isUpgrade {
            try set(CURLOPT_CONNECT_ONLY, 1)
            try set(CURLOPT_FRESH_CONNECT, 1)
        }
        let isSecond = request.isTLS && !transfer.isUpgrade
        try set(CURLOPT_HTTP_VERSION, Int(isSecond ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1))
        if isSecond { try set(CURLOPT_PIPEWAIT, 1) }
        guard request.isTLS else { return }
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authorities = settings.certificateAuthorities {
            try set(CURLOPT_CAINFO, authorities)
            try check(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
        }
    }

    private func setWhat(_ request: CheckedRequest) throws(CurlError) {
        let length = request.bodyLength
        if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else if length != 0 || ["POST", "PUT", "PATCH"].contains(request.method) {
            // As an upload libcurl adds no Content-Type, and a length of 0 is said.
            try set(CURLOPT_UPLOAD, 1)
            try check(ccurl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, length.map { curl_off_t($0) } ?? -1))
            try set(CURLOPT_CUSTOMREQUEST, request.method)
        } else if request.method != "GET" {
            try set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        for line in request.lines { try append(line: line) }
        try check(ccurl_set_list(easy, CURLOPT_HTTPHEADER, allLines))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(CurlError) {
        try check(ccurl_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(CurlError) {
        try check(ccurl_set_string(easy, option, value))
    }

    private func check(_ code: CURLcode) throws(CurlError) {
        if code != CURLE_OK { throw .other(code: Int(code.rawValue)) }
    }

    private func setCallbacks() throws(CurlError) {
        try check(ccurl_set_pointer(easy, CURLOPT_PRIVATE, context))
        try check(ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context))
        try check(ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context))
        try check(ccurl_set_pointer(easy, CURLOPT_READDATA, context))
        try check(ccurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context))
        try check(ccurl_set_pointer(easy, CURLOPT_PREREQDATA, context))
        try check(
            ccurl_set_on_header(easy) { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                return RunningTransfer.of(context).receiveHead(UnsafeRawBufferPointer(start: bytes, count: size * count))
            })
        try check(
            ccurl_set_on_write(easy) { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                return RunningTransfer.of(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
            })
        try check(
            ccurl_set_on_read(easy) { bytes, size, count, context in
                guard let bytes, let context else { return Int(CURL_READFUNC_ABORT) }
                return RunningTransfer.of(context).sendBody(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            })
        try check(
            ccurl_set_on_open_socket(easy) { context, _, address in
                guard let context, let address else { return CURL_SOCKET_BAD }
                return RunningTransfer.of(context).openSocket(address)
            })
        try check(
            ccurl_set_on_connected(easy) { context, _, _, _, _ in
                guard let context else { return CURL_PREREQFUNC_ABORT }
                return RunningTransfer.of(context).connected() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
            })
    }
}

extension Duration {
    /// At least 1, since libcurl takes 0 for its own default.
    fileprivate var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(max(1, min(seconds, 1_000_000) * 1000 + attoseconds / 1_000_000_000_000_000))
    }
}
