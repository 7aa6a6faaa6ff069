#pragma once
#include <cblas.h>

// Debian's OpenBLAS is the threaded build; Sluice runs one worker a core with one BLAS thread in each.
static inline void sluice_blas_single_thread(void) { openblas_set_num_threads(1); }
