#pragma once
#include <cblas.h>

// Debian's OpenBLAS is the threaded build; it is a benchmark's yardstick, measured with one thread in each worker.
static inline void sluice_blas_single_thread(void) { openblas_set_num_threads(1); }
