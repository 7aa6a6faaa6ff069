#pragma once
#include <curl/curl.h>
/* How its sockets are waited for; Swift's own module of the C library lacks both. */
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Swift can't call functions with variable arguments, so each kind of argument has a typed function here. */

typedef size_t (*sluice_write_function)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode sluice_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

static inline CURLcode sluice_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_set_bytes(CURL *handle, CURLoption option, const void *value) {
  return curl_easy_setopt(handle, option, (const char *)value);
}

static inline CURLcode sluice_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode sluice_set_writer(CURL *handle, sluice_write_function function, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

static inline CURLcode sluice_set_error_buffer(CURL *handle, char *buffer) {
  return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}

static inline long sluice_get_long(CURL *handle, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t sluice_get_offset(CURL *handle, CURLINFO info) {
  curl_off_t value = 0;
  return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

/* As LIBCURL_VERSION_NUM, of the library that runs. */
static inline unsigned int sluice_curl_version(void) { return curl_version_info(CURLVERSION_NOW)->version_num; }

/* NULL where libcurl has nothing to say; the text belongs to the handle. */
static inline const char *sluice_get_string(CURL *handle, CURLINFO info) {
  char *value = NULL;
  return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : NULL;
}

/* What the handle's owner keeps with it. */
static inline CURLcode sluice_set_owner(CURL *handle, void *owner) {
  return curl_easy_setopt(handle, CURLOPT_PRIVATE, owner);
}

static inline void *sluice_get_owner(CURL *handle) {
  char *owner = NULL;
  return curl_easy_getinfo(handle, CURLINFO_PRIVATE, &owner) == CURLE_OK ? owner : NULL;
}

static inline CURLMcode sluice_multi_set_long(CURLM *handle, CURLMoption option, long value) {
  return curl_multi_setopt(handle, option, value);
}

/* Both callbacks get `context`; see curl_multi_socket_action. */
static inline CURLMcode sluice_multi_set_callbacks(
    CURLM *handle, curl_socket_callback sockets, curl_multi_timer_callback timer, void *context) {
  CURLMcode code = curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, sockets);
  if (code == CURLM_OK) code = curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, context);
  if (code == CURLM_OK) code = curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, timer);
  return code != CURLM_OK ? code : curl_multi_setopt(handle, CURLMOPT_TIMERDATA, context);
}

/* `opened` is told of every connection's socket, and `closed` that libcurl is done with it and that it is to be closed; both get
   `context`, which outlives all connections. */
static inline CURLcode sluice_set_socket_callbacks(
    CURL *handle, curl_sockopt_callback opened, curl_closesocket_callback closed, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, opened);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, closed);
  return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, context);
}
