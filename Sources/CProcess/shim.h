#pragma once
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Swift can't call functions with variable arguments, and imports the names of resources differently by system. */

/* No core file, and no look into the memory by other processes of the user. A child begins anew with the second. */
static inline void sluice_forbid_dumps(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_CORE, &limit);
  }
#ifdef __linux__
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* Files that the process may have open; the largest number where the system doesn't say. */
static inline unsigned long sluice_file_limit(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (unsigned long)limit.rlim_cur : (unsigned long)-1;
}

/* Raises it as far as it may be raised, up to `most`. */
static inline void sluice_raise_file_limit(unsigned long most) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= most) return;
  limit.rlim_cur = limit.rlim_max < most ? limit.rlim_max : most;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* Whether the process was started with the signal ignored, or has it ignored itself. */
static inline int sluice_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Bytes of address space that the process may have; the largest number where nothing limits it. */
static inline unsigned long sluice_address_limit(void) {
  struct rlimit limit;
  int isLimited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return isLimited ? (unsigned long)limit.rlim_cur : (unsigned long)-1;
}

/* Whether that many bytes of it are free: they are taken and given back, and no memory with them. */
static inline int sluice_has_address_space(unsigned long size) {
  void *space = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return space != MAP_FAILED && munmap(space, size) == 0;
}
