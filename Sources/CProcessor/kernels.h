#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Matrices in the precision in which they are stored, and products with them, for 16 outputs at a time. Swift has no words for
// code that is compiled for several processors and chosen when it runs.

typedef enum { sluice_float32, sluice_half, sluice_brain, sluice_blocks } sluice_stored_kind;

// How 16 outputs' weights lie behind one another: all that belongs to `elements` inputs, then what belongs to the next.
// Plain: a number for each input and output. Otherwise, for each output where there is one: a scale, an offset; for every
// `group` inputs a factor of the scale and one of the offset; the low bits of all codes, the high bits of all codes.
// A weight is scale · factor · level + offset · offset factor.
typedef struct {
  sluice_stored_kind kind;
  int32_t elements;
  int32_t group;
  // 8, 4 or 2, and 0, 1 or 2.
  int32_t low_bits;
  int32_t high_bits;
  // Level: code − zero, or the table's entry.
  int32_t zero;
  int32_t has_table;
  int8_t table[16];
  int32_t has_offset;
  int32_t has_factors;
  // Scales are bfloat16 instead of binary16.
  int32_t has_brain_scale;
  // Places in a block, in bytes.
  int32_t factors_at;
  int32_t offset_factors_at;
  int32_t low_at;
  int32_t high_at;
  int32_t bytes;
} sluice_stored_format;

// Where a tile of a product goes: C's element (r, j) is at c[r · row + j]. C = alpha · T, or C + alpha · T.
typedef struct {
  float *c;
  long row;
  float alpha;
  int accumulates;
} sluice_tile_place;

typedef float sluice_floats __attribute__((ext_vector_type(16)));
typedef int8_t sluice_bytes __attribute__((ext_vector_type(16)));
typedef uint8_t sluice_codes __attribute__((ext_vector_type(16)));
typedef uint16_t sluice_words __attribute__((ext_vector_type(16)));
typedef uint32_t sluice_bits __attribute__((ext_vector_type(16)));
#if defined(__FLT16_MAX__)
typedef _Float16 sluice_halves __attribute__((ext_vector_type(16)));
#endif

// What kinds of blocks there are: low bits, high bits, whether there is a table.
#define SLUICE_EACH_KIND(format, call) \
  switch (format->low_bits * 10 + format->high_bits) { \
  case 80: call(8, 0, 0); break; \
  case 40: \
    if (format->has_table) call(4, 0, 1); \
    else call(4, 0, 0); \
    break; \
  case 41: call(4, 1, 0); break; \
  case 42: call(4, 2, 0); break; \
  case 20: call(2, 0, 0); break; \
  case 21: call(2, 1, 0); break; \
  }

// Tokens of a block of cached keys and values.
#define SLUICE_BLOCK_TOKENS 4

// No vector crosses a call: everything below that takes or returns one is inlined.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"

#define SLUICE_NAME(name) sluice_##name##_base
#define SLUICE_TARGET
#define SLUICE_WIDE 0
#include "kernels_body.h"
#undef SLUICE_NAME
#undef SLUICE_TARGET
#undef SLUICE_WIDE

#if defined(__x86_64__)
#define SLUICE_NAME(name) sluice_##name##_wide
#define SLUICE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#define SLUICE_WIDE 1
#include "kernels_body.h"
#undef SLUICE_NAME
#undef SLUICE_TARGET
#undef SLUICE_WIDE
#endif

#pragma clang diagnostic pop

// Whether this processor has registers of sixteen floats.
static inline int sluice_has_wide_vectors(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
#else
  return 0;
#endif
}

// Writes the weights of inputs first..<first + steps, whole groups, as floats [steps, stride ≥ 16].
static inline void sluice_unpack(
    int wide, const sluice_stored_format *format, const uint8_t *panel, long first, long steps, float *out, long stride) {
#if defined(__x86_64__)
  if (wide) return sluice_unpack_wide(format, panel, first, steps, out, stride);
#endif
  sluice_unpack_base(format, panel, first, steps, out, stride);
}

// T[rows, 64] = L · W as sluice_multiply computes it after sluice_unpack, for up to four rows and four panels that lie
// `panel_bytes` apart, without unpacking; only where `sluice_has_wide_vectors`. See sluice_direct_rows_wide.
static inline void sluice_wide_direct(
    int rows, const sluice_stored_format *format, const uint8_t *panel, long panel_bytes, long first, long steps,
    const float *left, float *sums) {
#if defined(__x86_64__)
  sluice_direct_wide(rows, format, panel, panel_bytes, first, steps, left, sums);
#else
  __builtin_trap();
#endif
}

// A tile of a product of float32 matrices, up to 12 rows and two panels; only where `sluice_has_wide_vectors`. See
// sluice_tile_apart_wide.
static inline const float *sluice_wide_tile(
    int rows, int panels, long depth, const float *left, long left_row, long left_step, const float *panel,
    long panel_stride, sluice_tile_place place, const float *next, long lines, long stride, long advance) {
#if defined(__x86_64__)
  return sluice_tile_of_product_wide(
      rows, panels, depth, left, left_row, left_step, panel, panel_stride, place, next, lines, stride, advance);
#else
  __builtin_trap();
#endif
}

// Writes the nearest binary16 of each number, and its largest for what is larger.
static inline void sluice_to_halves(long count, const float *from, uint16_t *to) {
  for (long i = 0; i < count; i++) {
    const float value = from[i] > 65504.0f ? 65504.0f : from[i] < -65504.0f ? -65504.0f : from[i];
    const _Float16 half = (_Float16)value;
    memcpy(to + i, &half, sizeof half);
  }
}

// out[key] = scale · q · key for keys first..<count of `size` binary16 numbers: those of token t lie in block t / 4, at
// offset + t % 4 · stride.
static inline void sluice_half_scores(
    int wide, const void *const *blocks, long offset, long stride, long first, long count, long size, const float *q, float scale,
    float *out) {
#if defined(__x86_64__)
  if (wide) return sluice_half_scores_wide(blocks, offset, stride, first, count, size, q, scale, out);
#endif
  sluice_half_scores_base(blocks, offset, stride, first, count, size, q, scale, out);
}

// y[size] (+)= Σ p[key] · value for the values of tokens 0..<count, which lie as keys do.
static inline void sluice_half_values(
    int wide, const void *const *blocks, long offset, long stride, long count, long size, const float *p, float *y,
    int accumulates) {
#if defined(__x86_64__)
  if (wide) return sluice_half_values_wide(blocks, offset, stride, count, size, p, y, accumulates);
#endif
  sluice_half_values_base(blocks, offset, stride, count, size, p, y, accumulates);
}

// T[rows, 16 · panels] (+)= L · W, for L[steps, rows] and W[steps, 16 · panels]: each element is summed in the order of the steps
// with one fused multiply-add a term. Up to 12 rows for 1 or 2 panels, 6 for 4 where `wide`; else 6 for 1, 3 for 2.
static inline void sluice_multiply(
    int wide, int rows, int panels, long steps, const float *left, const float *weights, float *sums, int is_first) {
#if defined(__x86_64__)
  if (wide) return sluice_multiply_wide(rows, panels, steps, left, weights, sums, is_first);
#endif
  sluice_multiply_base(rows, panels, steps, left, weights, sums, is_first);
}

typedef float sluice_quad __attribute__((ext_vector_type(4)));

// Rows [rows, steps] as [steps, rows]. Runs of four by four are turned in registers; the last of a side overlap those before.
static inline void sluice_interleave(int rows, long steps, const float *from, float *to) {
  if (rows == 1) {
    memcpy(to, from, steps * sizeof *to);
    return;
  }
  if (rows < 4 || steps < 4) {
    for (long step = 0; step < steps; step++)
      for (int row = 0; row < rows; row++) to[step * rows + row] = from[row * steps + step];
    return;
  }
  for (int row = 0; row < rows; row += 4) {
    if (row > rows - 4) row = rows - 4;
    const float *lines = from + row * steps;
    for (long step = 0; step < steps; step += 4) {
      if (step > steps - 4) step = steps - 4;
      sluice_quad a, b, c, d;
      memcpy(&a, lines + step, sizeof a);
      memcpy(&b, lines + steps + step, sizeof b);
      memcpy(&c, lines + 2 * steps + step, sizeof c);
      memcpy(&d, lines + 3 * steps + step, sizeof d);
      const sluice_quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      const sluice_quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      const sluice_quad columns[4] = {
          __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5), __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
          __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5), __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
      for (int i = 0; i < 4; i++) memcpy(to + (step + i) * rows + row, &columns[i], sizeof columns[i]);
    }
  }
}
