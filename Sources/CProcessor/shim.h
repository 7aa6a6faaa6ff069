#pragma once

#if defined(__linux__)
#include <malloc.h>
#endif

// Swift has no words for what follows. Asks for a cache line ahead of its use.
static inline void sluice_prefetch(const void *address) { __builtin_prefetch(address, 0, 2); }

// A moment's wait between two looks at a variable that another thread changes.
static inline void sluice_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Gives memory that the heap keeps, and nobody uses, back to the system.
static inline void sluice_trim_heap(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

// Whether this processor has the vector units that the kernels are compiled for.
static inline int sluice_has_vectors(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return 1;
#endif
}
