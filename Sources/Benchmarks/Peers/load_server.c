/* An OpenAI-compatible chat server that costs next to nothing, so that what asks it is what a benchmark measures:
 *
 *   load_server [--threads N] [--latency MILLISECONDS] [--bytes N] [--certificate FILE --key FILE]
 *
 * It listens on a free port of 127.0.0.1 and prints it, answers every POST with the same chat completion after `latency`
 * (0 answers at once; --bytes is the length of its text) and every GET with 404, keeps connections open, and reads
 * pipelined requests. HTTP/1.1 only; with a certificate over TLS. Ends at SIGTERM and prints, in one line, how many
 * requests it answered, over how many connections, seconds between the first request and the last answer, and its own
 * seconds of CPU. A GET starts that clock anew: Sluice asks who serves before it asks its questions.
 *
 * Requests are recognised by their Content-Length alone: this is for clients that behave.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most_threads = 64, most_input = 1 << 20, events_at_once = 256 };

typedef struct connection {
  int socket;
  SSL *tls;
  bool handshaken, gone;
  /* What has come and not been understood yet. */
  char *input;
  size_t filled, room;
  /* Answers that are due but not sent yet. A freed connection waits for its timers to run out. */
  size_t timers;
  /* What the socket would not take yet. */
  char *output;
  size_t written, pending, output_room;
} connection;

/* Answers that are due later, in the order of their moments: the latency is one for all. */
typedef struct { uint64_t due; connection *to; bool found; } timer;

typedef struct {
  int epoll, listener;
  timer *timers;
  size_t first, count, capacity;
  uint64_t answered, connections, began, ended;
} worker;

static uint64_t latency;
static SSL_CTX *context;
static char *answer, *missing;
static size_t answer_length, missing_length;
static atomic_bool stopping;

static void fail(const char *what) {
  fprintf(stderr, "load_server: %s: %s\n", what, strerror(errno));
  exit(70);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *allocated(void *memory, size_t size) {
  memory = realloc(memory, size);
  if (!memory) fail("memory");
  return memory;
}

static char *text(size_t *length, const char *format, ...) {
  char *result = NULL;
  va_list arguments;
  va_start(arguments, format);
  int count = vasprintf(&result, format, arguments);
  va_end(arguments);
  if (count < 0) fail("memory");
  *length = (size_t)count;
  return result;
}

static void prepare_answers(size_t bytes) {
  static const char sentence[] = "I can't help with that, but I am glad to talk about lamps instead. ";
  char *content = allocated(NULL, bytes + 1);
  for (size_t i = 0; i < bytes; i++) content[i] = sentence[i % (sizeof sentence - 1)];
  content[bytes] = 0;
  size_t length;
  char *body = text(
      &length,
      "{\"id\":\"chatcmpl-0123456789abcdef0123456789abcdef\",\"object\":\"chat.completion\",\"created\":1750000000,"
      "\"model\":\"load\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s\","
      "\"refusal\":null,\"tool_calls\":[]},\"logprobs\":null,\"finish_reason\":\"stop\",\"stop_reason\":null}],"
      "\"usage\":{\"prompt_tokens\":24,\"total_tokens\":42,\"completion_tokens\":18,\"prompt_tokens_details\":null},"
      "\"prompt_logprobs\":null}",
      content);
  answer = text(
      &answer_length,
      "HTTP/1.1 200 OK\r\ndate: Mon, 01 Jan 2026 00:00:00 GMT\r\nserver: load\r\ncontent-length: %zu\r\n"
      "content-type: application/json\r\n\r\n%s",
      length, body);
  missing = text(&missing_length, "HTTP/1.1 404 Not Found\r\nserver: load\r\ncontent-length: 0\r\n\r\n");
  free(body);
  free(content);
}

static void release(worker *self, connection *it) {
  if (!it->gone) {
    it->gone = true;
    epoll_ctl(self->epoll, EPOLL_CTL_DEL, it->socket, NULL);
    if (it->tls) SSL_free(it->tls);
    close(it->socket);
  }
  if (it->timers) return;
  free(it->input);
  free(it->output);
  free(it);
}

static ssize_t put(connection *it, const char *bytes, size_t count) {
  if (!it->tls) return send(it->socket, bytes, count, MSG_NOSIGNAL);
  int written = SSL_write(it->tls, bytes, (int)count);
  if (written > 0) return written;
  int error = SSL_get_error(it->tls, written);
  errno = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
  return -1;
}

/* False where the connection is broken. */
static bool flush(connection *it) {
  while (it->written < it->pending) {
    ssize_t count = put(it, it->output + it->written, it->pending - it->written);
    if (count <= 0) return errno == EAGAIN;
    it->written += (size_t)count;
  }
  it->written = it->pending = 0;
  return true;
}

static bool say(connection *it, const char *bytes, size_t count) {
  if (it->pending == 0) {
    ssize_t sent = put(it, bytes, count);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) {
      bytes += sent;
      count -= (size_t)sent;
    }
    if (count == 0) return true;
  }
  if (it->output_room < it->pending + count) {
    it->output_room = 2 * (it->pending + count);
    it->output = allocated(it->output, it->output_room);
  }
  memcpy(it->output + it->pending, bytes, count);
  it->pending += count;
  return true;
}

static bool reply(worker *self, connection *it, bool found) {
  bool alive = found ? say(it, answer, answer_length) : say(it, missing, missing_length);
  if (found) self->answered++;
  self->ended = now();
  return alive;
}

static void later(worker *self, connection *to, bool found) {
  if (self->count == self->capacity) {
    size_t larger = self->capacity ? 2 * self->capacity : 1024;
    timer *timers = allocated(NULL, larger * sizeof *timers);
    for (size_t i = 0; i < self->count; i++) timers[i] = self->timers[(self->first + i) % self->capacity];
    free(self->timers);
    self->timers = timers;
    self->capacity = larger;
    self->first = 0;
  }
  self->timers[(self->first + self->count++) % self->capacity] = (timer){now() + latency, to, found};
  to->timers++;
}

/* Answers what is due; returns nanoseconds until the next answer, or -1. */
static int64_t run_timers(worker *self) {
  while (self->count) {
    timer next = self->timers[self->first];
    int64_t left = (int64_t)(next.due - now());
    if (left > 0) return left;
    self->first = (self->first + 1) % self->capacity;
    self->count--;
    next.to->timers--;
    if (next.to->gone || !reply(self, next.to, next.found)) release(self, next.to);
  }
  return -1;
}

/* Bytes of the body, from the headers; 0 where they don't say. */
static size_t content_length(const char *head, const char *end) {
  static const char name[] = "\ncontent-length:";
  for (const char *p = head; p + sizeof name < end; p++) {
    p = memchr(p, '\n', (size_t)(end - p));
    if (!p || p + sizeof name >= end) return 0;
    if (strncasecmp(p, name, sizeof name - 1) == 0) return strtoul(p + sizeof name - 1, NULL, 10);
  }
  return 0;
}

/* Answers, now or later, every whole request in the input. False where the connection is broken. */
static bool understand(worker *self, connection *it) {
  size_t used = 0;
  bool alive = true;
  while (alive) {
    char *start = it->input + used;
    char *end = memmem(start, it->filled - used, "\r\n\r\n", 4);
    if (!end) break;
    size_t whole = (size_t)(end - start) + 4 + content_length(start, end + 2);
    if (it->filled - used < whole) break;
    if (self->began == 0) self->began = now();
    bool found = start[0] == 'P';
    if (!found) self->began = 0;
    used += whole;
    if (latency) later(self, it, found);
    else alive = reply(self, it, found);
  }
  memmove(it->input, it->input + used, it->filled - used);
  it->filled -= used;
  return alive && it->filled < most_input;
}

/* False at the end of the connection. */
static bool hear(worker *self, connection *it) {
  if (it->tls && !it->handshaken) {
    int done = SSL_accept(it->tls);
    if (done != 1) {
      int error = SSL_get_error(it->tls, done);
      return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    }
    it->handshaken = true;
  }
  while (true) {
    if (it->room - it->filled < 4096) {
      it->room = 2 * it->room + 8192;
      it->input = allocated(it->input, it->room);
    }
    size_t free_room = it->room - it->filled;
    ssize_t count;
    if (it->tls) {
      count = SSL_read(it->tls, it->input + it->filled, (int)free_room);
      if (count <= 0) return SSL_get_error(it->tls, (int)count) == SSL_ERROR_WANT_READ;
    } else {
      count = recv(it->socket, it->input + it->filled, free_room, 0);
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      if (count == 0) return false;
    }
    it->filled += (size_t)count;
    if (!understand(self, it)) return false;
    if (!it->tls && (size_t)count < free_room) return true;
  }
}

static void welcome(worker *self) {
  int socket;
  while ((socket = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection *it = calloc(1, sizeof *it);
    if (!it) fail("memory");
    it->socket = socket;
    if (context) {
      it->tls = SSL_new(context);
      if (!it->tls || !SSL_set_fd(it->tls, socket)) fail("TLS");
    }
    self->connections++;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = it};
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
  }
}

static void *serve(void *argument) {
  worker *self = argument;
  struct epoll_event events[events_at_once];
  while (!stopping) {
    int64_t left = run_timers(self);
    if (left < 0 || left > 100000000) left = 100000000;
    struct timespec wait = {0, (long)left};
    int count = epoll_pwait2(self->epoll, events, events_at_once, &wait, NULL);
    for (int i = 0; i < count; i++) {
      connection *it = events[i].data.ptr;
      if (!it) welcome(self);
      else if (!hear(self, it) || !flush(it)) release(self, it);
    }
  }
  return NULL;
}

static int listening(uint16_t *port) {
  int on = 1, socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (socket_ < 0 || setsockopt(socket_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
      bind(socket_, (struct sockaddr *)&address, sizeof address) != 0 || listen(socket_, 4096) != 0 ||
      getsockname(socket_, (struct sockaddr *)&address, &length) != 0)
    fail("listen");
  *port = ntohs(address.sin_port);
  return socket_;
}

static void stop(int signal) {
  (void)signal;
  stopping = true;
}

int main(int count, char **arguments) {
  int threads = 1;
  size_t bytes = 96;
  const char *certificate = NULL, *key = NULL;
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = arguments[i], *value = arguments[i + 1];
    if (!strcmp(name, "--threads")) threads = atoi(value);
    else if (!strcmp(name, "--latency")) latency = (uint64_t)atoi(value) * 1000000u;
    else if (!strcmp(name, "--bytes")) bytes = strtoul(value, NULL, 10);
    else if (!strcmp(name, "--certificate")) certificate = value;
    else if (!strcmp(name, "--key")) key = value;
    else {
      fprintf(stderr, "load_server: unknown option %s\n", name);
      return 64;
    }
  }
  if (threads < 1 || threads > most_threads) threads = 1;
  if (certificate && key) {
    context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
      fprintf(stderr, "load_server: the certificate or its key can't be used\n");
      return 64;
    }
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  prepare_answers(bytes);
  // The thread that starts this program may have its signals blocked, and a program inherits that.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGTERM, stop);
  signal(SIGPIPE, SIG_IGN);

  static worker workers[most_threads];
  static pthread_t handles[most_threads];
  uint16_t port = 0;
  for (int i = 0; i < threads; i++) {
    workers[i].listener = listening(&port);
    workers[i].epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (workers[i].epoll < 0 || epoll_ctl(workers[i].epoll, EPOLL_CTL_ADD, workers[i].listener, &event) != 0)
      fail("epoll");
  }
  for (int i = 0; i < threads; i++)
    if (pthread_create(&handles[i], NULL, serve, &workers[i]) != 0) fail("thread");
  printf("%u\n", port);
  fflush(stdout);

  worker total = {.began = UINT64_MAX};
  for (int i = 0; i < threads; i++) {
    pthread_join(handles[i], NULL);
    total.answered += workers[i].answered;
    total.connections += workers[i].connections;
    if (workers[i].began && workers[i].began < total.began) total.began = workers[i].began;
    if (workers[i].ended > total.ended) total.ended = workers[i].ended;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  double seconds = total.ended > total.began ? (double)(total.ended - total.began) * 1e-9 : 0;
  printf("%llu %llu %.4f %.4f\n", (unsigned long long)total.answered, (unsigned long long)total.connections, seconds, cpu);
  return 0;
}
