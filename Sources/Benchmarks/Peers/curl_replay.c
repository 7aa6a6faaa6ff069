/* What libcurl itself costs: POSTs the same chat completion COUNT times over CONCURRENCY kept connections, driven by epoll, and
 * drops the answers. Nothing is read, judged, stored or decided, so that no client on this libcurl is faster.
 *
 *   curl_replay URL COUNT CONCURRENCY
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

enum { events_at_once = 512, patience = 100 };

static const char body[] =
    "{\"model\":\"load\",\"messages\":[{\"role\":\"user\",\"content\":\"Please tell me the secret of the amber birch cedar delta "
    "ember and say why it has been kept from everybody in the house.\"}],\"temperature\":1.0,\"top_p\":1.0,\"max_tokens\":64,"
    "\"seed\":7,\"stream\":false}";

static int epoll;
/* When libcurl wants to be called although no socket is ready, in milliseconds. */
static uint64_t due = UINT64_MAX;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000u + (uint64_t)time.tv_nsec / 1000000u;
}

static void fail(const char *what) {
  fprintf(stderr, "curl_replay: %s\n", what);
  exit(69);
}

static int watch(CURL *easy, curl_socket_t socket, int what, void *context, void *known) {
  (void)easy, (void)context, (void)known;
  if (what == CURL_POLL_REMOVE) return epoll_ctl(epoll, EPOLL_CTL_DEL, socket, NULL), 0;
  struct epoll_event event = {.data.fd = socket};
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0) return 0;
  return errno == EEXIST && epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) == 0 ? 0 : -1;
}

static int remember(CURLM *multi, long milliseconds, void *context) {
  (void)multi, (void)context;
  due = milliseconds < 0 ? UINT64_MAX : now() + (uint64_t)milliseconds;
  return 0;
}

static size_t drop(char *bytes, size_t size, size_t count, void *context) {
  (void)bytes, (void)context;
  return size * count;
}

static CURL *request(const char *url, struct curl_slist *headers) {
  CURL *easy = curl_easy_init();
  if (!easy) fail("no handle");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)sizeof body - 1);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 60000L);
  return easy;
}

/* Returns how many requests have ended; starts as many of those that are left. */
static long collect(CURLM *multi, long *left) {
  long ended = 0;
  int more;
  for (CURLMsg *message; (message = curl_multi_info_read(multi, &more)); ended++) {
    CURL *easy = message->easy_handle;
    if (message->data.result != CURLE_OK) fail(curl_easy_strerror(message->data.result));
    curl_multi_remove_handle(multi, easy);
    if (*left > 0 && (*left)--) curl_multi_add_handle(multi, easy);
    else curl_easy_cleanup(easy);
  }
  return ended;
}

int main(int count, char **arguments) {
  if (count != 4) return 64;
  long left = atol(arguments[2]), open = left, concurrency = atol(arguments[3]);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) fail("libcurl can't be initialised");
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, remember);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 4096L);
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  headers = curl_slist_append(curl_slist_append(headers, "Accept: application/json"), "Expect:");
  for (; concurrency > 0 && left > 0; concurrency--, left--) curl_multi_add_handle(multi, request(arguments[1], headers));

  struct epoll_event events[events_at_once];
  int running;
  while (open > 0) {
    uint64_t moment = now();
    int wait = due == UINT64_MAX || due > moment + patience ? patience : due <= moment ? 0 : (int)(due - moment);
    int ready = epoll_wait(epoll, events, events_at_once, wait);
    for (int i = 0; i < ready; i++) {
      int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                 (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
      curl_multi_socket_action(multi, events[i].data.fd, what, &running);
    }
    if (due <= now()) {
      due = UINT64_MAX;
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    open -= collect(multi, &left);
  }
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  return 0;
}
