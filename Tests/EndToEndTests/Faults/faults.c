/* Loaded into the program by tests: the FAULT_AT-th write to a file below FAULT_FOLDER fails as on a full disk, once. How
   many there were is written to FAULT_COUNT at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long writes;
static long fails_at = -1;
static const char *folder;
static char count_file[4096];

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("FAULT_AT");
  folder = getenv("FAULT_FOLDER");
  if (at) fails_at = atol(at);
  const char *count = getenv("FAULT_COUNT");
  if (count) snprintf(count_file, sizeof count_file, "%s", count);
}

static int below(const char *path) { return folder && path && strncmp(path, folder, strlen(folder)) == 0; }

static int counts(void) {
  long number = atomic_fetch_add(&writes, 1) + 1;
  if (number != fails_at) return 0;
  errno = number % 2 ? ENOSPC : EIO;
  return 1;
}

static int fails(int descriptor) {
  char link[64], path[4096];
  int saved = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = saved;
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path) && counts();
}

static int fails_path(const char *path) {
  char whole[8192];
  if (!path) return 0;
  if (path[0] != '/') {
    char current[4096];
    if (!getcwd(current, sizeof current)) return 0;
    snprintf(whole, sizeof whole, "%s/%s", current, path);
    path = whole;
  }
  return below(path) && counts();
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int d, const void *b, size_t n) { REAL(write); return fails(d) ? -1 : real(d, b, n); }
ssize_t pwrite(int d, const void *b, size_t n, off_t o) { REAL(pwrite); return fails(d) ? -1 : real(d, b, n, o); }
ssize_t pwrite64(int d, const void *b, size_t n, off64_t o) { REAL(pwrite64); return fails(d) ? -1 : real(d, b, n, o); }
ssize_t writev(int d, const struct iovec *v, int n) { REAL(writev); return fails(d) ? -1 : real(d, v, n); }
int ftruncate(int d, off_t n) { REAL(ftruncate); return fails(d) ? -1 : real(d, n); }
int ftruncate64(int d, off64_t n) { REAL(ftruncate64); return fails(d) ? -1 : real(d, n); }
int fsync(int d) { REAL(fsync); return fails(d) ? -1 : real(d); }
int fdatasync(int d) { REAL(fdatasync); return fails(d) ? -1 : real(d); }
int rename(const char *a, const char *b) { REAL(rename); return fails_path(b) ? -1 : real(a, b); }
int mkdir(const char *p, mode_t m) { REAL(mkdir); return fails_path(p) ? -1 : real(p, m); }

static int opens(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  if ((flags & O_CREAT) && access(path, F_OK) != 0 && fails_path(path)) return -1;
  return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  REAL(open);
  va_list list;
  va_start(list, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
  va_end(list);
  return opens(real, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list list;
  va_start(list, flags);
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;
  va_end(list);
  return opens(real, path, flags, mode);
}

__attribute__((destructor)) static void end(void) {
  if (!count_file[0]) return;
  int descriptor = open(count_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (descriptor < 0) return;
  char text[32];
  int length = snprintf(text, sizeof text, "%ld", atomic_load(&writes));
  if (write(descriptor, text, (size_t)length) < 0) {}
  close(descriptor);
}
