#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
/* Glibc's module leaves it out. */
#include <sys/epoll.h>

/* curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call:
   one typed function for each kind of value. */
static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) { return curl_easy_setopt(easy, option, value); }
static inline CURLcode ccurl_set_on_write(CURL *easy, curl_write_callback f) { return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, f); }
static inline CURLcode ccurl_set_on_header(CURL *easy, curl_write_callback f) { return curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, f); }
static inline CURLcode ccurl_set_on_read(CURL *easy, curl_read_callback f) { return curl_easy_setopt(easy, CURLOPT_READFUNCTION, f); }
static inline CURLcode ccurl_set_on_open_socket(CURL *easy, curl_opensocket_callback f) { return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, f); }
static inline CURLcode ccurl_set_on_connected(CURL *easy, curl_prereq_callback f) { return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, f); }
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) { return curl_multi_setopt(multi, option, value); }

/* What CURLOPT_PRIVATE holds. */
static inline void *ccurl_private(CURL *easy) {
    void *value = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
    return value;
}

/* The socket of a connection that CURLOPT_CONNECT_ONLY left to us. */
static inline curl_socket_t ccurl_active_socket(CURL *easy) {
    curl_socket_t value = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &value);
    return value;
}

/* CURLMsg holds its result in a union, which Swift reads only by its raw bytes. */
static inline CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }

/* The socket address follows its small struct in memory and may be longer than it (curl_sockaddr in curl/curl.h). */
static inline const struct sockaddr *ccurl_address(const struct curl_sockaddr *address) { return &address->addr; }

#endif
