// Included once for each kind of processor; see rounded.h.

#define SLUICE_INLINE SLUICE_TARGET static inline __attribute__((always_inline))

#if SLUICE_DOTS

// Sums of 16 outputs.
typedef __m512i SLUICE_NAME(sums);

// Four inputs' codes of 16 outputs, each output's side by side, as bytes without sign.
typedef __m512i SLUICE_NAME(quad);

SLUICE_INLINE SLUICE_NAME(quad) SLUICE_NAME(load_quad)(const uint8_t *from) { return _mm512_loadu_si512(from); }
SLUICE_INLINE void SLUICE_NAME(store_quad)(SLUICE_NAME(quad) quad, uint8_t *to) { _mm512_storeu_si512(to, quad); }

// Codes count from `zero` on, which the sums begin with.
SLUICE_INLINE SLUICE_NAME(sums) SLUICE_NAME(begin)(int zero, int32_t codes) { return _mm512_set1_epi32(-zero * codes); }

SLUICE_INLINE SLUICE_NAME(sums) SLUICE_NAME(dot)(SLUICE_NAME(sums) sums, SLUICE_NAME(quad) quad, const int8_t *left) {
  int32_t four;
  memcpy(&four, left, sizeof four);
  return _mm512_dpbusd_epi32(sums, quad, _mm512_set1_epi32(four));
}

SLUICE_INLINE sluice_floats SLUICE_NAME(floats)(SLUICE_NAME(sums) sums) {
  __m512 values = _mm512_cvtepi32_ps(sums);
  sluice_floats result;
  memcpy(&result, &values, sizeof result);
  return result;
}

// The field of `bits` bits of each code, for four inputs from `step` on; `from` is where those lie that share `step`'s first byte.
SLUICE_INLINE __m512i SLUICE_NAME(field)(int bits, int step, const uint8_t *from) {
  const __m512i bytes = bits == 8   ? _mm512_loadu_si512(from)
                        : bits == 4 ? _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)from))
                                    : _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)from));
  // By output and input: which byte holds it, sixteen for each input or for all that share one.
  const __m512i lanes = _mm512_setr_epi32(
      0x00000000, 0x01010101, 0x02020202, 0x03030303, 0x04040404, 0x05050505, 0x06060606, 0x07070707, 0x08080808, 0x09090909,
      0x0a0a0a0a, 0x0b0b0b0b, 0x0c0c0c0c, 0x0d0d0d0d, 0x0e0e0e0e, 0x0f0f0f0f);
  const __m512i places = _mm512_add_epi32(lanes, _mm512_set1_epi32(bits == 8 ? 0x30201000 : bits == 4 ? 0x10100000 : 0));
  const __m512i spread = _mm512_permutexvar_epi8(places, bytes);
  if (bits == 8) return spread;
  // Of eight bytes, two outputs' four inputs: the bit at which each field begins.
  const long long shifts = bits == 4         ? 0x3c302c201c100c00
                           : bits == 2       ? 0x3e342a201e140a00
                           : step % 8 == 0 ? 0x3b3229201b120900
                                             : 0x3f362d241f160d04;
  return _mm512_and_si512(
      _mm512_multishift_epi64_epi8(_mm512_set1_epi64(shifts), spread), _mm512_set1_epi8((char)((1 << bits) - 1)));
}

SLUICE_INLINE SLUICE_NAME(quad) SLUICE_NAME(make_quad)(
    const sluice_stored_format *format, int low_bits, int high_bits, int has_table, int step, const uint8_t *low,
    const uint8_t *high) {
  __m512i codes = SLUICE_NAME(field)(low_bits, step, low + step / (8 / low_bits) * 16);
  if (low_bits == 8) return _mm512_xor_si512(codes, _mm512_set1_epi8((char)0x80));
  if (high_bits) {
    __m512i upper = SLUICE_NAME(field)(high_bits, step, high + step / (8 / high_bits) * 16);
    codes = _mm512_or_si512(codes, _mm512_slli_epi16(upper, low_bits));
  }
  if (has_table) {
    const __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)format->table));
    codes = _mm512_xor_si512(_mm512_shuffle_epi8(table, codes), _mm512_set1_epi8((char)0x80));
  }
  return codes;
}

SLUICE_INLINE int SLUICE_NAME(zero)(const sluice_stored_format *format) {
  return format->has_table || format->low_bits == 8 ? 128 : format->zero;
}

#else

typedef int32_t SLUICE_NAME(eight) __attribute__((ext_vector_type(8)));

// Sums of outputs 0 to 7 and 8 to 15.
typedef struct {
  SLUICE_NAME(eight) low, high;
} SLUICE_NAME(sums);

typedef int8_t sluice_byte_quads __attribute__((ext_vector_type(32)));

// Four inputs' levels of 16 outputs, each output's side by side.
typedef struct {
  sluice_byte_quads low, high;
} SLUICE_NAME(quad);

SLUICE_INLINE SLUICE_NAME(quad) SLUICE_NAME(load_quad)(const uint8_t *from) {
  SLUICE_NAME(quad) quad;
  memcpy(&quad, from, 64);
  return quad;
}
SLUICE_INLINE void SLUICE_NAME(store_quad)(SLUICE_NAME(quad) quad, uint8_t *to) { memcpy(to, &quad, 64); }

SLUICE_INLINE SLUICE_NAME(sums) SLUICE_NAME(begin)(int zero, int32_t codes) {
  SLUICE_NAME(sums) sums = {0, 0};
  return sums;
}

SLUICE_INLINE SLUICE_NAME(eight) SLUICE_NAME(dot_eight)(
    SLUICE_NAME(eight) sums, sluice_byte_quads quad, sluice_byte_quads left) {
#if defined(__AVX2__)
  // Bytes without sign times bytes with one: the weights' sign goes to the other side. Two products of at most 128 · 127 fit.
  __m256i a, b, c;
  memcpy(&a, &quad, sizeof a);
  memcpy(&b, &left, sizeof b);
  memcpy(&c, &sums, sizeof c);
  __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
  c = _mm256_add_epi32(c, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  memcpy(&sums, &c, sizeof c);
  return sums;
#else
  for (int lane = 0; lane < 8; lane++)
    for (int k = 0; k < 4; k++) sums[lane] += (int32_t)quad[4 * lane + k] * left[k];
  return sums;
#endif
}

SLUICE_INLINE SLUICE_NAME(sums) SLUICE_NAME(dot)(SLUICE_NAME(sums) sums, SLUICE_NAME(quad) quad, const int8_t *left) {
  int32_t four;
  memcpy(&four, left, sizeof four);
  const SLUICE_NAME(eight) fours = four;
  sluice_byte_quads bytes;
  memcpy(&bytes, &fours, sizeof bytes);
  sums.low = SLUICE_NAME(dot_eight)(sums.low, quad.low, bytes);
  sums.high = SLUICE_NAME(dot_eight)(sums.high, quad.high, bytes);
  return sums;
}

SLUICE_INLINE sluice_floats SLUICE_NAME(floats)(SLUICE_NAME(sums) sums) {
  typedef int32_t sixteen __attribute__((ext_vector_type(16)));
  sixteen all;
  memcpy(&all, &sums, sizeof all);
  return __builtin_convertvector(all, sluice_floats);
}

SLUICE_INLINE sluice_bytes SLUICE_NAME(step_levels)(
    const sluice_stored_format *format, int low_bits, int high_bits, int has_table, int step, const uint8_t *low,
    const uint8_t *high) {
  const int run = 8 / (high_bits ? high_bits : low_bits);
  const int first = step / run * run;
  const sluice_codes high_codes = high_bits ? sluice_load_codes_base(high + first * high_bits * 2) : (sluice_codes)0;
  sluice_codes codes = sluice_code_base(low_bits, high_bits, step - first, low + first * low_bits * 2, high_codes);
  sluice_bytes levels;
  if (has_table) {
    sluice_bytes table;
    memcpy(&table, format->table, sizeof table);
    return sluice_levels_base(table, codes);
  }
  codes -= (uint8_t)format->zero;
  memcpy(&levels, &codes, sizeof levels);
  return levels;
}

SLUICE_INLINE SLUICE_NAME(quad) SLUICE_NAME(make_quad)(
    const sluice_stored_format *format, int low_bits, int high_bits, int has_table, int step, const uint8_t *low,
    const uint8_t *high) {
#define SLUICE_LEVELS(i) SLUICE_NAME(step_levels)(format, low_bits, high_bits, has_table, step + i, low, high)
  const sluice_bytes a = SLUICE_LEVELS(0), b = SLUICE_LEVELS(1), c = SLUICE_LEVELS(2), d = SLUICE_LEVELS(3);
#undef SLUICE_LEVELS
  const sluice_byte_quads ab =
      __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                              13, 29, 14, 30, 15, 31);
  const sluice_byte_quads cd =
      __builtin_shufflevector(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                              13, 29, 14, 30, 15, 31);
  SLUICE_NAME(quad) quad;
  quad.low = __builtin_shufflevector(ab, cd, 0, 1, 32, 33, 2, 3, 34, 35, 4, 5, 36, 37, 6, 7, 38, 39, 8, 9, 40, 41, 10, 11, 42, 43,
                                     12, 13, 44, 45, 14, 15, 46, 47);
  quad.high = __builtin_shufflevector(ab, cd, 16, 17, 48, 49, 18, 19, 50, 51, 20, 21, 52, 53, 22, 23, 54, 55, 24, 25, 56, 57, 26,
                                      27, 58, 59, 28, 29, 60, 61, 30, 31, 62, 63);
  return quad;
}

SLUICE_INLINE int SLUICE_NAME(zero)(const sluice_stored_format *format) { return 0; }

#endif

// What a tile of the product reads of `panels` panels: quads [steps / 4, panels], scales and offsets [groups, panels, 16].
SLUICE_INLINE void SLUICE_NAME(prepare_blocks)(
    const sluice_stored_format *format, int low_bits, int high_bits, int has_table, int panels, const uint8_t *panel,
    long panel_bytes, long first, long steps, sluice_prepared *to) {
  const int group = format->group;
  for (long step = 0; step < steps; step += group) {
    const long block = (first + step) / format->elements * format->bytes;
    const long index = (first + step) % format->elements / group;
    for (int p = 0; p < panels; p++) {
      const uint8_t *from = panel + p * panel_bytes + block;
      const long place = (step / group * panels + p) * 16;
      SLUICE_NUMBERS(store)(SLUICE_NUMBERS(scale)(format, from, index), to->scales + place);
      if (format->has_offset) SLUICE_NUMBERS(store)(SLUICE_NUMBERS(offset)(format, from, index), to->offsets + place);
      const uint8_t *low = from + format->low_at + index * group * low_bits * 2;
      const uint8_t *high = from + format->high_at + index * group * high_bits * 2;
      for (int begin = 0; begin < group; begin += 16) {
        // Literals in the loop's place: what a step needs is then known when it is compiled.
        const uint8_t *from_low = low + begin * low_bits * 2, *from_high = high + begin * high_bits * 2;
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i += 4)
          SLUICE_NAME(store_quad)(
              SLUICE_NAME(make_quad)(format, low_bits, high_bits, has_table, i, from_low, from_high),
              to->quads + ((step + begin + i) / 4 * panels + p) * 64);
      }
    }
  }
}

SLUICE_INLINE void SLUICE_NAME(prepare)(
    const sluice_stored_format *format, int panels, const uint8_t *panel, long panel_bytes, long first, long steps,
    sluice_prepared *to) {
#define SLUICE_PREPARE(l, h, t) \
  SLUICE_NAME(prepare_blocks)(format, l, h, t, panels, panel, panel_bytes, first, steps, to)
  SLUICE_EACH_KIND(format, SLUICE_PREPARE)
#undef SLUICE_PREPARE
}

// A tile's sums over some inputs, added to those before.
SLUICE_INLINE void SLUICE_NAME(rounded_tile)(
    int rows, int panels, int group, const sluice_stored_format *format, const sluice_prepared *weights, long first, long steps,
    const sluice_rounded_rows *left, long row, float *sums) {
  const int zero = SLUICE_NAME(zero)(format);
  sluice_floats tile[4][4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++)
      tile[r][p] = first == 0 ? (sluice_floats)0 : SLUICE_NUMBERS(load)(sums + (r * panels + p) * 16);
  const int8_t *codes = left->codes + row * left->inputs + first;
  const float *scales = left->scales + (row * left->inputs + first) / 32;
  const int32_t *totals = left->totals + (row * left->inputs + first) / 16;
  const long per_row = left->inputs / 16;
  for (long step = 0; step < steps; step += group) {
    SLUICE_NAME(sums) dots[4][4];
    int32_t total[4];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const int32_t *from = totals + r * per_row + step / 16;
      total[r] = group == 32 ? from[0] + from[1] : from[0];
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) dots[r][p] = SLUICE_NAME(begin)(zero, total[r]);
    }
    const uint8_t *quads = weights->quads + step / 4 * panels * 64;
#pragma clang loop unroll(full)
    for (int i = 0; i < group; i += 4) {
      SLUICE_NAME(quad) w[4];
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) w[p] = SLUICE_NAME(load_quad)(quads + (i / 4 * panels + p) * 64);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++)
          dots[r][p] = SLUICE_NAME(dot)(dots[r][p], w[p], codes + r * left->inputs + step + i);
    }
    const long place = step / group * panels * 16;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const float scale = scales[r * (left->inputs / 32) + step / 32];
      const float sum = scale * (float)total[r];
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) {
        const sluice_floats factor = SLUICE_NUMBERS(load)(weights->scales + place + 16 * p) * scale;
        tile[r][p] = __builtin_elementwise_fma(SLUICE_NAME(floats)(dots[r][p]), factor, tile[r][p]);
        if (format->has_offset)
          tile[r][p] = __builtin_elementwise_fma(
              SLUICE_NUMBERS(load)(weights->offsets + place + 16 * p), (sluice_floats)sum, tile[r][p]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) SLUICE_NUMBERS(store)(tile[r][p], sums + (r * panels + p) * 16);
}

#define SLUICE_ROUNDED_TILE(r, p) \
  SLUICE_TARGET static inline void SLUICE_NAME(rounded_##r##_##p)( \
      const sluice_stored_format *format, const sluice_prepared *weights, long first, long steps, \
      const sluice_rounded_rows *left, long row, float *sums) { \
    if (format->group == 32) \
      SLUICE_NAME(rounded_tile)(r, p, 32, format, weights, first, steps, left, row, sums); \
    else \
      SLUICE_NAME(rounded_tile)(r, p, 16, format, weights, first, steps, left, row, sums); \
  }
SLUICE_ROUNDED_TILE(1, 1)
SLUICE_ROUNDED_TILE(2, 1)
#if SLUICE_DOTS
SLUICE_ROUNDED_TILE(3, 1)
SLUICE_ROUNDED_TILE(4, 1)
SLUICE_ROUNDED_TILE(1, 4)
SLUICE_ROUNDED_TILE(2, 4)
SLUICE_ROUNDED_TILE(3, 4)
#endif
#undef SLUICE_ROUNDED_TILE

SLUICE_TARGET static inline void SLUICE_NAME(rounded)(
    int panels, const sluice_stored_format *format, const uint8_t *panel, long panel_bytes, const sluice_rounded_rows *left,
    float *sums) {
  typedef void (*sluice_tile)(
      const sluice_stored_format *, const sluice_prepared *, long, long, const sluice_rounded_rows *, long, float *);
#if SLUICE_DOTS
  const sluice_tile singles[] = {
      SLUICE_NAME(rounded_1_1), SLUICE_NAME(rounded_2_1), SLUICE_NAME(rounded_3_1), SLUICE_NAME(rounded_4_1)};
  const sluice_tile fours[] = {SLUICE_NAME(rounded_1_4), SLUICE_NAME(rounded_2_4), SLUICE_NAME(rounded_3_4)};
  const sluice_tile *tiles = panels == 4 ? fours : singles;
  const long most = panels == 4 ? 3 : 4;
#else
  const sluice_tile tiles[] = {SLUICE_NAME(rounded_1_1), SLUICE_NAME(rounded_2_1)};
  const long most = 2;
#endif
  sluice_prepared weights;
  for (long first = 0; first < left->inputs; first += SLUICE_PREPARED_STEPS) {
    const long rest = left->inputs - first, steps = rest < SLUICE_PREPARED_STEPS ? rest : SLUICE_PREPARED_STEPS;
    switch (panels) {
    case 1: SLUICE_NAME(prepare)(format, 1, panel, panel_bytes, first, steps, &weights); break;
#if SLUICE_DOTS
    case 4: SLUICE_NAME(prepare)(format, 4, panel, panel_bytes, first, steps, &weights); break;
#endif
    }
    for (long row = 0; row < left->rows; row += most) {
      const long height = left->rows - row < most ? left->rows - row : most;
      tiles[height - 1](format, &weights, first, steps, left, row, sums + row * panels * 16);
    }
  }
}

#undef SLUICE_INLINE
