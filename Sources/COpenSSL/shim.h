#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

/* The SHA-256 state by value is only in the part of libcrypto that 3.0 calls deprecated; EVP hides it behind an allocation.
 * Whole aliases a second, measured: 5.2 million so, 3.9 with copied EVP_MD_CTX states; a kept EVP_MAC context is slower than those. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

/* What an HMAC-SHA256 key is once hashed: the states behind the inner and the outer padded key (RFC 2104, 4). */
struct copenssl_hmac_key {
    SHA256_CTX inner;
    SHA256_CTX outer;
};

/* Makes both states of a key of at most a block; 1 when all went well. */
static inline int copenssl_hmac_key_init(struct copenssl_hmac_key *key, const uint8_t *bytes, size_t count) {
    uint8_t pad[SHA256_CBLOCK];
    int done = count <= sizeof pad;
    for (size_t i = 0; done && i < sizeof pad; i++) pad[i] = (i < count ? bytes[i] : 0) ^ 0x36;
    done = done && SHA256_Init(&key->inner) && SHA256_Update(&key->inner, pad, sizeof pad);
    for (size_t i = 0; done && i < sizeof pad; i++) pad[i] ^= 0x36 ^ 0x5c;
    done = done && SHA256_Init(&key->outer) && SHA256_Update(&key->outer, pad, sizeof pad);
    OPENSSL_cleanse(pad, sizeof pad);
    return done;
}

/* The code of a message, 32 bytes; the key is only read. 1 when all went well. */
static inline int copenssl_hmac_code(const struct copenssl_hmac_key *key, const void *message, size_t count, uint8_t *code) {
    SHA256_CTX state = key->inner;
    if (!SHA256_Update(&state, message, count) || !SHA256_Final(code, &state)) return 0;
    state = key->outer;
    return SHA256_Update(&state, code, SHA256_DIGEST_LENGTH) && SHA256_Final(code, &state);
}

/* The digest of a message, 32 bytes. */
static inline int copenssl_sha256(const void *message, size_t count, uint8_t *digest) {
    SHA256_CTX state;
    return SHA256_Init(&state) && SHA256_Update(&state, message, count) && SHA256_Final(digest, &state);
}

/* The SHA-1 of a message, 20 bytes. */
static inline int copenssl_sha1(const void *message, size_t count, uint8_t *digest) {
    SHA_CTX state;
    return SHA1_Init(&state) && SHA1_Update(&state, message, count) && SHA1_Final(digest, &state);
}

#endif
