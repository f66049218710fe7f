/* HMAC-SHA256 of 40-byte messages with OpenSSL's EVP_MAC on a context that keeps its key: what the product's own loop is
 * measured against. Prints codes per second of CPU time.   cc -O2 kept_key.c -lcrypto && ./a.out COUNT */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { messages = 1000, length = 40 };

static double cpu(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
    long rounds = count > 1 ? atol(arguments[1]) : 1000000;
    static unsigned char message[messages][length + 1];
    unsigned char key[32], code[64];
    size_t written;
    unsigned long sum = 0;
    memset(key, 7, sizeof key);
    for (int i = 0; i < messages; i++) snprintf((char *)message[i], sizeof message[i], "social.ex/users/0000000%017d", i);

    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0), OSSL_PARAM_construct_end()};
    if (!EVP_MAC_init(context, key, sizeof key, digest)) return 1;
    double start = cpu();
    for (long i = 0; i < rounds; i++) {
        if (!EVP_MAC_init(context, NULL, 0, NULL) || !EVP_MAC_update(context, message[i % messages], length)
            || !EVP_MAC_final(context, code, &written, sizeof code))
            return 1;
        sum += code[0];
    }
    printf("kept %f\n", rounds / (cpu() - start));
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(hmac);
    return sum == 42;
}
