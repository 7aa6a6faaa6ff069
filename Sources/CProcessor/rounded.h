#pragma once

#include "kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Products of weights in blocks with rows that are rounded to eight bits: sums of whole numbers, which are exact, then scaled. So
// every processor computes the same bits.

// Rows [rows, inputs] as codes times scales: x ≈ code · scale.
typedef struct {
  long rows;
  // A multiple of 32.
  long inputs;
  // [rows, inputs], −127…127.
  int8_t *codes;
  // [rows, inputs / 32].
  float *scales;
  // Sums of codes, [rows, inputs / 16].
  int32_t *totals;
} sluice_rounded_rows;

// Rounds row `row` of x. A scale is NaN where an input of its group isn't finite, and so is all that follows from it.
static inline void sluice_round(const sluice_rounded_rows *to, long row, const float *x) {
  int8_t *codes = to->codes + row * to->inputs;
  float *scales = to->scales + row * (to->inputs / 32);
  int32_t *totals = to->totals + row * (to->inputs / 16);
  for (long group = 0; group < to->inputs / 32; group++) {
    const float *from = x + 32 * group;
    // Without their sign, larger numbers have larger bits, and what isn't finite the largest.
    uint32_t most = 0;
    for (int i = 0; i < 32; i++) {
      uint32_t bits;
      memcpy(&bits, from + i, sizeof bits);
      bits &= 0x7fffffff;
      most = bits > most ? bits : most;
    }
    float largest;
    memcpy(&largest, &most, sizeof largest);
    const int is_finite = most < 0x7f800000;
    const float scale = largest / 127;
    // What is too small for its inverse becomes 0.
    const float inverse = is_finite && scale >= 0x1p-126f ? 1 / scale : 0;
    scales[group] = is_finite ? scale : __builtin_nanf("");
    for (int half = 0; half < 2; half++) {
      int32_t total = 0;
      for (int i = 0; i < 16; i++) {
        // Adding 1.5 · 2^23 leaves a whole number, rounded by the processor, in the low bits.
        const float shifted = __builtin_fmaf(is_finite ? from[16 * half + i] : 0, inverse, 0x1.8p23f);
        int32_t code;
        memcpy(&code, &shifted, sizeof code);
        code -= 0x4b400000;
        codes[32 * group + 16 * half + i] = (int8_t)code;
        total += code;
      }
      totals[2 * group + half] = total;
    }
  }
}

// Inputs whose weights are prepared at a time: whole groups, which with a tile's rows lie in the first-level cache.
#define SLUICE_PREPARED_STEPS 128

typedef struct {
  uint8_t quads[SLUICE_PREPARED_STEPS * 16 * 4];
  float scales[SLUICE_PREPARED_STEPS / 16 * 16 * 4];
  float offsets[SLUICE_PREPARED_STEPS / 16 * 16 * 4];
} sluice_prepared;

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#define SLUICE_NAME(name) sluice_##name##_base
#define SLUICE_NUMBERS(name) sluice_##name##_base
#define SLUICE_TARGET
#define SLUICE_DOTS 0
#include "rounded_body.h"
#undef SLUICE_NAME
#undef SLUICE_NUMBERS
#undef SLUICE_TARGET
#undef SLUICE_DOTS

#if defined(__x86_64__)
#define SLUICE_NAME(name) sluice_##name##_dots
#define SLUICE_NUMBERS(name) sluice_##name##_wide
#define SLUICE_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx2,fma,f16c")))
#define SLUICE_DOTS 1
#include "rounded_body.h"
#undef SLUICE_NAME
#undef SLUICE_NUMBERS
#undef SLUICE_TARGET
#undef SLUICE_DOTS
#endif

#pragma clang diagnostic pop

// Whether this processor multiplies bytes and adds the products up in one instruction, for sixteen sums.
static inline int sluice_has_dots(void) {
#if defined(__x86_64__)
  return sluice_has_wide_vectors() && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
#else
  return 0;
#endif
}

// T[rows, 16 · panels] = X · Wᵀ for rounded rows X and 1 panel, or 4 where `dots`, that lie `panel_bytes` apart.
static inline void sluice_multiply_rounded(
    int dots, int panels, const sluice_stored_format *format, const uint8_t *panel, long panel_bytes,
    const sluice_rounded_rows *left, float *sums) {
#if defined(__x86_64__)
  if (dots) return sluice_rounded_dots(panels, format, panel, panel_bytes, left, sums);
#endif
  sluice_rounded_base(panels, format, panel, panel_bytes, left, sums);
}
