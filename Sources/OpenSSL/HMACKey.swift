import COpenSSL
import Synchronization

/// A key for HMAC-SHA256 whose inner state is kept, so that a code of a short message costs two blocks of hashing.
///
/// Any number of threads may use it at once: each use takes one of the key's contexts, and one more is made when all are
/// taken. A loop takes its context once with ``withWorker(_:)``.
///
/// A fresh context for each code costs five times as much. Measured speed: docs/privacy.md.
public final class HMACKey: Sendable {
    private let contexts: Mutex<[KeyedContext]>

    /// - Parameter key: 1 byte or more; longer than 64 are hashed first, as RFC 2104 says.
    public init(_ key: some Sequence<UInt8>) throws(OpenSSLError) {
        var bytes = Array(key)
        defer { cleanse(&bytes) }
        contexts = Mutex([try KeyedContext(key: bytes)])
    }

    deinit {
        contexts.withLock { free in
            for context in free { context.free() }
            free = []
        }
    }

    /// The code of one message.
    public func code(of message: some Sequence<UInt8>) -> Digest {
        let bytes = Array(message)
        return bytes.withUnsafeBytes { code(ofBytes: $0) }
    }

    public func code(ofBytes message: UnsafeRawBufferPointer) -> Digest {
        let context = take()
        defer { giveBack(context) }
        return context.code(of: message)
    }

    /// Lends one context for as many messages as `body` has.
    public func withWorker<Value, Failure: Error>(
        _ body: (borrowing HMACWorker) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let context = take()
        defer { giveBack(context) }
        return try body(HMACWorker(context: context))
    }

    private func take() -> KeyedContext {
        contexts.withLock { free in
            // The last one stays, because it is what further ones are copied from: nobody computes with a context in the list.
            free.count > 1 ? free.removeLast() : free[0].copy()
        }
    }

    private func giveBack(_ context: KeyedContext) {
        contexts.withLock { $0.append(context) }
    }
}

/// One thread's turn with a key. It cannot be copied, so it cannot leave the closure that it was lent to.
public struct HMACWorker: ~Copyable {
    private let context: KeyedContext

    fileprivate init(context: KeyedContext) { self.context = context }

    public func code(of message: UnsafeRawBufferPointer) -> Digest { context.code(of: message) }

    public func code(of message: [UInt8]) -> Digest { message.withUnsafeBytes { context.code(of: $0) } }
}

/// An EVP_MAC_CTX that has taken its key.
///
/// `@unchecked Sendable`: a context is reached by one thread at a time, since it is either in the key's list, which a
/// mutex guards, or with the one worker that took it out.
private struct KeyedContext: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(key: [UInt8]) throws(OpenSSLError) {
        guard !key.isEmpty else { throw .emptyKey }
        let algorithms = try Algorithms.shared()
        guard let context = EVP_MAC_CTX_new(algorithms.hmac) else { throw .operationFailed("a new HMAC") }
        let keyed = Algorithms.withDigestName(OSSL_MAC_PARAM_DIGEST) { digest in
            EVP_MAC_init(context, key, key.count, [digest, OSSL_PARAM_construct_end()])
        }
        guard keyed == 1 else {
            EVP_MAC_CTX_free(context)
            throw .operationFailed("keying an HMAC")
        }
        pointer = context
    }

    private init(pointer: OpaquePointer) { self.pointer = pointer }

    /// A second context of the same key.
    func copy() -> KeyedContext {
        // Fails only without memory, where Swift itself stops too.
        guard let second = EVP_MAC_CTX_dup(pointer) else { fatalError("no memory for an HMAC context") }
        return KeyedContext(pointer: second)
    }

    /// Frees the context and wipes the key in it; OpenSSL does both.
    func free() { EVP_MAC_CTX_free(pointer) }

    @inline(__always)
    func code(of message: UnsafeRawBufferPointer) -> Digest {
        Digest(filledBy: { output in
            var written = 0
            // A NULL key starts again with the kept one. On a context that took its key once, these three calls have no
            // way to fail but a broken library; then it is better to stop than to hand out a wrong alias.
            guard EVP_MAC_init(pointer, nil, 0, nil) == 1,
                EVP_MAC_update(pointer, message.assumingMemoryBound(to: UInt8.self).baseAddress, message.count) == 1,
                EVP_MAC_final(pointer, output, &written, Digest.byteCount) == 1, written == Digest.byteCount
            else { fatalError("HMAC-SHA256 failed on a keyed context") }
        })
    }
}
