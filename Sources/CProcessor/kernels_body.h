// Included once for each kind of processor; see kernels.h.

#define SLUICE_INLINE SLUICE_TARGET static inline __attribute__((always_inline))

SLUICE_INLINE sluice_floats SLUICE_NAME(load)(const float *from) {
  sluice_floats values;
  memcpy(&values, from, sizeof values);
  return values;
}

SLUICE_INLINE sluice_codes SLUICE_NAME(load_codes)(const uint8_t *from) {
  sluice_codes values;
  memcpy(&values, from, sizeof values);
  return values;
}

SLUICE_INLINE void SLUICE_NAME(store)(sluice_floats values, float *to) { memcpy(to, &values, sizeof values); }

SLUICE_INLINE sluice_floats SLUICE_NAME(brains)(const uint8_t *from) {
  sluice_words words;
  memcpy(&words, from, sizeof words);
  sluice_bits bits = __builtin_convertvector(words, sluice_bits) << 16;
  sluice_floats values;
  memcpy(&values, &bits, sizeof values);
  return values;
}

SLUICE_INLINE sluice_floats SLUICE_NAME(halves)(const uint8_t *from) {
#if defined(__FLT16_MAX__) && (defined(__F16C__) || SLUICE_WIDE || defined(__aarch64__))
  sluice_halves values;
  memcpy(&values, from, sizeof values);
  return __builtin_convertvector(values, sluice_floats);
#else
  // Re-biases the exponent and normalises subnormals in one multiplication, which doesn't know infinity and NaN.
  sluice_words words;
  memcpy(&words, from, sizeof words);
  sluice_bits bits = __builtin_convertvector(words, sluice_bits);
  sluice_bits magnitude = (bits & 0x7fff) << 13;
  sluice_floats values;
  memcpy(&values, &magnitude, sizeof values);
  values *= 0x1p112f;
  sluice_bits result;
  memcpy(&result, &values, sizeof result);
  result |= (sluice_bits)(magnitude >= 0x0f800000) & 0x7f800000;
  result |= (bits & 0x8000) << 16;
  memcpy(&values, &result, sizeof values);
  return values;
#endif
}

SLUICE_INLINE sluice_floats SLUICE_NAME(factors)(const uint8_t *from) {
  sluice_bytes factors;
  memcpy(&factors, from, sizeof factors);
  return __builtin_convertvector(factors, sluice_floats);
}

SLUICE_INLINE sluice_bytes SLUICE_NAME(levels)(sluice_bytes table, sluice_codes codes) {
  sluice_bytes levels;
#if defined(__x86_64__) && defined(__SSSE3__)
  typedef char sluice_chars __attribute__((vector_size(16)));
  sluice_chars entries, index;
  memcpy(&entries, &table, sizeof entries);
  memcpy(&index, &codes, sizeof index);
  index = __builtin_ia32_pshufb128(entries, index);
  memcpy(&levels, &index, sizeof levels);
#else
  for (int i = 0; i < 16; i++) levels[i] = table[codes[i] & 15];
#endif
  return levels;
}

// What all weights of a format have in common, in registers: as far as a compiler knows, weights that are written could be it.
typedef struct {
  sluice_bytes table;
  uint8_t zero;
  int has_offset;
} SLUICE_NAME(common);

SLUICE_INLINE SLUICE_NAME(common) SLUICE_NAME(in_common)(const sluice_stored_format *format) {
  SLUICE_NAME(common) common = {.zero = (uint8_t)format->zero, .has_offset = format->has_offset};
  memcpy(&common.table, format->table, sizeof common.table);
  return common;
}

// One weight of each output.
SLUICE_INLINE sluice_floats SLUICE_NAME(weights)(
    SLUICE_NAME(common) common, int has_table, sluice_codes codes, sluice_floats scale, sluice_floats offset) {
  sluice_bytes levels;
  if (has_table) {
    levels = SLUICE_NAME(levels)(common.table, codes);
  } else {
    codes -= common.zero;
    memcpy(&levels, &codes, sizeof levels);
  }
  sluice_floats values = __builtin_convertvector(levels, sluice_floats) * scale;
  return common.has_offset ? values + offset : values;
}

// The code of input `step` of a run, from where the run's low bits lie and its high ones.
SLUICE_INLINE sluice_codes SLUICE_NAME(code)(
    int low_bits, int high_bits, int step, const uint8_t *low, sluice_codes high) {
  const int per_low = 8 / low_bits;
  sluice_codes codes = SLUICE_NAME(load_codes)(low + step / per_low * 16);
  if (low_bits < 8) codes = (codes >> (uint8_t)(step % per_low * low_bits)) & (uint8_t)((1 << low_bits) - 1);
  if (high_bits) {
    const int per_high = 8 / high_bits;
    sluice_codes upper = (high >> (uint8_t)(step % per_high * high_bits)) & (uint8_t)((1 << high_bits) - 1);
    codes |= upper << (uint8_t)low_bits;
  }
  return codes;
}

// Scale and offset of a group of a block.
SLUICE_INLINE sluice_floats SLUICE_NAME(scale)(const sluice_stored_format *format, const uint8_t *block, long group) {
  sluice_floats scale = format->has_brain_scale ? SLUICE_NAME(brains)(block) : SLUICE_NAME(halves)(block);
  return format->has_factors ? scale * SLUICE_NAME(factors)(block + format->factors_at + 16 * group) : scale;
}

SLUICE_INLINE sluice_floats SLUICE_NAME(offset)(const sluice_stored_format *format, const uint8_t *block, long group) {
  if (!format->has_offset) return 0;
  sluice_floats offset = SLUICE_NAME(halves)(block + 32);
  return format->has_factors ? offset * SLUICE_NAME(factors)(block + format->offset_factors_at + 16 * group) : offset;
}

// The weights of one group; the literals that it is called with leave one loop of it.
SLUICE_INLINE void SLUICE_NAME(group)(
    const sluice_stored_format *format, int low_bits, int high_bits, int has_table, const uint8_t *low, const uint8_t *high,
    sluice_floats scale, sluice_floats offset, float *out, long stride) {
  const int run = 8 / (high_bits ? high_bits : low_bits);
  const int group = format->group;
  const SLUICE_NAME(common) common = SLUICE_NAME(in_common)(format);
  for (int first = 0; first < group; first += run) {
    sluice_codes high_codes = 0;
    if (high_bits) high_codes = SLUICE_NAME(load_codes)(high + first * high_bits * 2);
#pragma clang loop unroll(full)
    for (int step = 0; step < run; step++) {
      sluice_codes codes = SLUICE_NAME(code)(low_bits, high_bits, step, low + first * low_bits * 2, high_codes);
      SLUICE_NAME(store)(
          SLUICE_NAME(weights)(common, has_table, codes, scale, offset), out + (first + step) * stride);
    }
  }
}

SLUICE_TARGET static inline void SLUICE_NAME(unpack)(
    const sluice_stored_format *format, const uint8_t *panel, long first, long steps, float *out, long stride) {
  switch (format->kind) {
  case sluice_float32:
    for (long step = 0; step < steps; step++) memcpy(out + step * stride, panel + (first + step) * 64, 64);
    return;
  case sluice_half:
    for (long step = 0; step < steps; step++)
      SLUICE_NAME(store)(SLUICE_NAME(halves)(panel + (first + step) * 32), out + step * stride);
    return;
  case sluice_brain:
    for (long step = 0; step < steps; step++)
      SLUICE_NAME(store)(SLUICE_NAME(brains)(panel + (first + step) * 32), out + step * stride);
    return;
  case sluice_blocks: break;
  }
  const int group = format->group;
  for (long step = 0; step < steps; step += group) {
    const uint8_t *block = panel + (first + step) / format->elements * format->bytes;
    const long index = (first + step) % format->elements / group;
    const sluice_floats scale = SLUICE_NAME(scale)(format, block, index);
    const sluice_floats offset = SLUICE_NAME(offset)(format, block, index);
    const uint8_t *low = block + format->low_at + index * group * format->low_bits * 2;
    const uint8_t *high = block + format->high_at + index * group * format->high_bits * 2;
    float *to = out + step * stride;
#define SLUICE_GROUP(l, h, t) SLUICE_NAME(group)(format, l, h, t, low, high, scale, offset, to, stride)
    SLUICE_EACH_KIND(format, SLUICE_GROUP)
#undef SLUICE_GROUP
  }
}

#if SLUICE_WIDE
// T[rows, 64] = L · W for L[steps, rows] and four panels, straight from what is stored: for few rows, where unpacking into
// memory takes longer than the product. The four panels' sums don't wait for one another.
SLUICE_INLINE void SLUICE_NAME(direct_numbers)(
    int kind, int rows, const uint8_t *panel, long panel_bytes, long first, long steps, const float *left,
    sluice_floats sums[4][4]) {
  const int size = kind == sluice_float32 ? 64 : 32;
  for (long step = 0; step < steps; step++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < 4; p++) {
      const uint8_t *from = panel + p * panel_bytes + (first + step) * size;
      sluice_floats values = kind == sluice_float32 ? SLUICE_NAME(load)((const float *)from)
                             : kind == sluice_half  ? SLUICE_NAME(halves)(from)
                                                    : SLUICE_NAME(brains)(from);
#pragma clang loop unroll(full)
      for (int row = 0; row < rows; row++)
        sums[row][p] = __builtin_elementwise_fma((sluice_floats)left[step * rows + row], values, sums[row][p]);
    }
  }
}

SLUICE_INLINE void SLUICE_NAME(direct_blocks)(
    const sluice_stored_format *format, int low_bits, int high_bits, int has_table, int rows, const uint8_t *panel,
    long panel_bytes, long first, long steps, const float *left, sluice_floats sums[4][4]) {
  const int run = 8 / (high_bits ? high_bits : low_bits);
  const int group = format->group;
  const SLUICE_NAME(common) common = SLUICE_NAME(in_common)(format);
  for (long step = 0; step < steps; step += group) {
    const uint8_t *block = panel + (first + step) / format->elements * format->bytes;
    const long index = (first + step) % format->elements / group;
    sluice_floats scale[4], offset[4];
#pragma clang loop unroll(full)
    for (int p = 0; p < 4; p++) {
      scale[p] = SLUICE_NAME(scale)(format, block + p * panel_bytes, index);
      offset[p] = SLUICE_NAME(offset)(format, block + p * panel_bytes, index);
    }
    const uint8_t *low = block + format->low_at + index * group * low_bits * 2;
    const uint8_t *high = block + format->high_at + index * group * high_bits * 2;
    for (int begin = 0; begin < group; begin += run) {
      sluice_codes high_codes[4];
#pragma clang loop unroll(full)
      for (int p = 0; p < 4; p++)
        high_codes[p] =
            high_bits ? SLUICE_NAME(load_codes)(high + p * panel_bytes + begin * high_bits * 2) : (sluice_codes)0;
#pragma clang loop unroll(full)
      for (int i = 0; i < run; i++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < 4; p++) {
          sluice_codes codes = SLUICE_NAME(code)(
              low_bits, high_bits, i, low + p * panel_bytes + begin * low_bits * 2, high_codes[p]);
          sluice_floats values = SLUICE_NAME(weights)(common, has_table, codes, scale[p], offset[p]);
#pragma clang loop unroll(full)
          for (int row = 0; row < rows; row++)
            sums[row][p] = __builtin_elementwise_fma(
                (sluice_floats)left[(step + begin + i) * rows + row], values, sums[row][p]);
        }
      }
    }
  }
}

SLUICE_INLINE void SLUICE_NAME(direct_rows)(
    int rows, const sluice_stored_format *format, const uint8_t *panel, long panel_bytes, long first, long steps,
    const float *left, float *sums) {
  sluice_floats tile[4][4];
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (int p = 0; p < 4; p++)
      tile[row][p] = 0;
  switch (format->kind) {
#define SLUICE_NUMBERS(kind) \
  case kind: SLUICE_NAME(direct_numbers)(kind, rows, panel, panel_bytes, first, steps, left, tile); break
    SLUICE_NUMBERS(sluice_float32);
    SLUICE_NUMBERS(sluice_half);
    SLUICE_NUMBERS(sluice_brain);
#undef SLUICE_NUMBERS
  case sluice_blocks:
#define SLUICE_BLOCKS(l, h, t) \
  SLUICE_NAME(direct_blocks)(format, l, h, t, rows, panel, panel_bytes, first, steps, left, tile)
    SLUICE_EACH_KIND(format, SLUICE_BLOCKS)
#undef SLUICE_BLOCKS
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (int p = 0; p < 4; p++) SLUICE_NAME(store)(tile[row][p], sums + (row * 4 + p) * 16);
}

SLUICE_TARGET static inline void SLUICE_NAME(direct)(
    int rows, const sluice_stored_format *format, const uint8_t *panel, long panel_bytes, long first, long steps,
    const float *left, float *sums) {
#define SLUICE_ROWS(r) \
  case r: SLUICE_NAME(direct_rows)(r, format, panel, panel_bytes, first, steps, left, sums); return
  switch (rows) {
    SLUICE_ROWS(1);
    SLUICE_ROWS(2);
    SLUICE_ROWS(3);
    SLUICE_ROWS(4);
  }
#undef SLUICE_ROWS
}
#endif

SLUICE_INLINE void SLUICE_NAME(tile)(
    int rows, int panels, long steps, const float *left, const float *weights, float *sums, int is_first) {
  sluice_floats tile[12][4];
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (int panel = 0; panel < panels; panel++)
      tile[row][panel] = is_first ? (sluice_floats)0 : SLUICE_NAME(load)(sums + (row * panels + panel) * 16);
  for (long step = 0; step < steps; step++) {
    sluice_floats w[4];
#pragma clang loop unroll(full)
    for (int panel = 0; panel < panels; panel++) w[panel] = SLUICE_NAME(load)(weights + (step * panels + panel) * 16);
#pragma clang loop unroll(full)
    for (int row = 0; row < rows; row++) {
      sluice_floats x = left[step * rows + row];
#pragma clang loop unroll(full)
      for (int panel = 0; panel < panels; panel++)
        tile[row][panel] = __builtin_elementwise_fma(x, w[panel], tile[row][panel]);
    }
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (int panel = 0; panel < panels; panel++)
      SLUICE_NAME(store)(tile[row][panel], sums + (row * panels + panel) * 16);
}

SLUICE_TARGET static inline void SLUICE_NAME(multiply)(
    int rows, int panels, long steps, const float *left, const float *weights, float *sums, int is_first) {
#define SLUICE_TILE(r, p) \
  case r * 10 + p: SLUICE_NAME(tile)(r, p, steps, left, weights, sums, is_first); return
  switch (rows * 10 + panels) {
    SLUICE_TILE(1, 1);
    SLUICE_TILE(2, 1);
    SLUICE_TILE(3, 1);
    SLUICE_TILE(4, 1);
    SLUICE_TILE(5, 1);
    SLUICE_TILE(6, 1);
    SLUICE_TILE(1, 2);
    SLUICE_TILE(2, 2);
    SLUICE_TILE(3, 2);
#if SLUICE_WIDE
    SLUICE_TILE(7, 1);
    SLUICE_TILE(8, 1);
    SLUICE_TILE(9, 1);
    SLUICE_TILE(10, 1);
    SLUICE_TILE(11, 1);
    SLUICE_TILE(12, 1);
    SLUICE_TILE(4, 2);
    SLUICE_TILE(5, 2);
    SLUICE_TILE(6, 2);
    SLUICE_TILE(7, 2);
    SLUICE_TILE(8, 2);
    SLUICE_TILE(9, 2);
    SLUICE_TILE(10, 2);
    SLUICE_TILE(11, 2);
    SLUICE_TILE(12, 2);
    SLUICE_TILE(1, 4);
    SLUICE_TILE(2, 4);
    SLUICE_TILE(3, 4);
    SLUICE_TILE(4, 4);
    SLUICE_TILE(5, 4);
    SLUICE_TILE(6, 4);
#endif
  }
#undef SLUICE_TILE
}

#if SLUICE_WIDE
// T[rows, 16 · panels] = L · P for one or two panels P[depth, 16] and L's element (r, k) at left[r · left_row + k · left_step].
// Fetches memory that is read soon: `lines` places from `next` on, `stride` floats apart, every sixteen steps of a panel,
// `advance` floats further each time.
SLUICE_INLINE const float *SLUICE_NAME(tile_apart)(
    int rows, int panels, long depth, const float *left, long left_row, long left_step, const float *panel,
    long panel_stride, sluice_tile_place place, const float *next, long lines, long stride, long advance) {
  sluice_floats tile[12][2];
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) tile[row][p] = 0;
  const long most = 16 / panels;
  while (depth > 0) {
    for (long line = 0; line < lines; line++) __builtin_prefetch(next + line * stride, 0, 2);
    next += advance;
    const long steps = depth < most ? depth : most;
    for (long step = 0; step < steps; step++) {
      sluice_floats weights[2];
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) weights[p] = SLUICE_NAME(load)(panel + p * panel_stride);
#pragma clang loop unroll(full)
      for (int row = 0; row < rows; row++) {
        const sluice_floats factor = left[row * left_row];
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) tile[row][p] = __builtin_elementwise_fma(factor, weights[p], tile[row][p]);
      }
      left += left_step;
      panel += 16;
    }
    depth -= steps;
  }
#pragma clang loop unroll(full)
  for (int row = 0; row < rows; row++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) {
      float *c = place.c + row * place.row + 16 * p;
      // Rounded before it is added, as on every other processor.
      sluice_floats product = tile[row][p] * place.alpha;
      if (place.accumulates) product = SLUICE_NAME(load)(c) + product;
      SLUICE_NAME(store)(product, c);
    }
  return next;
}

SLUICE_TARGET static inline const float *SLUICE_NAME(tile_of_product)(
    int rows, int panels, long depth, const float *left, long left_row, long left_step, const float *panel,
    long panel_stride, sluice_tile_place place, const float *next, long lines, long stride, long advance) {
#define SLUICE_TILE(r, p) \
  case r * 10 + p: \
    return SLUICE_NAME(tile_apart)( \
        r, p, depth, left, left_row, left_step, panel, panel_stride, place, next, lines, stride, advance)
#define SLUICE_TILES(r) SLUICE_TILE(r, 1); SLUICE_TILE(r, 2)
  switch (rows * 10 + panels) {
    SLUICE_TILES(1);
    SLUICE_TILES(2);
    SLUICE_TILES(3);
    SLUICE_TILES(4);
    SLUICE_TILES(5);
    SLUICE_TILES(6);
    SLUICE_TILES(7);
    SLUICE_TILES(8);
    SLUICE_TILES(9);
    SLUICE_TILES(10);
    SLUICE_TILES(11);
    SLUICE_TILES(12);
  }
#undef SLUICE_TILES
#undef SLUICE_TILE
  return next;
}
#endif

// The sum of sixteen numbers, in one order for all processors.
SLUICE_INLINE float SLUICE_NAME(total)(sluice_floats values) {
  float lanes[16];
  memcpy(lanes, &values, sizeof lanes);
  for (int width = 8; width > 0; width /= 2)
    for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
  return lanes[0];
}

// out[key] = scale · Σ q[i] · key[i] for keys first..<count; see sluice_half_scores.
SLUICE_TARGET static inline void SLUICE_NAME(half_scores)(
    const void *const *blocks, long offset, long stride, long first, long count, long size, const float *q, float scale,
    float *out) {
  for (long key = first; key < count; key++) {
    const uint16_t *from = (const uint16_t *)blocks[key / SLUICE_BLOCK_TOKENS] + offset + key % SLUICE_BLOCK_TOKENS * stride;
    sluice_floats even = 0, odd = 0;
    long i = 0;
    for (; i + 32 <= size; i += 32) {
      even = __builtin_elementwise_fma(
          SLUICE_NAME(load)(q + i), SLUICE_NAME(halves)((const uint8_t *)(from + i)), even);
      odd = __builtin_elementwise_fma(
          SLUICE_NAME(load)(q + i + 16), SLUICE_NAME(halves)((const uint8_t *)(from + i + 16)), odd);
    }
    for (; i + 16 <= size; i += 16)
      even = __builtin_elementwise_fma(
          SLUICE_NAME(load)(q + i), SLUICE_NAME(halves)((const uint8_t *)(from + i)), even);
    if (i < size) {
      float left[16] = {0};
      uint16_t right[16] = {0};
      memcpy(left, q + i, (size_t)(size - i) * sizeof *left);
      memcpy(right, from + i, (size_t)(size - i) * sizeof *right);
      odd = __builtin_elementwise_fma(SLUICE_NAME(load)(left), SLUICE_NAME(halves)((const uint8_t *)right), odd);
    }
    out[key] = scale * SLUICE_NAME(total)(even + odd);
  }
}

// y[i] (+)= Σ p[key] · value[i]; see sluice_half_values.
SLUICE_TARGET static inline void SLUICE_NAME(half_values)(
    const void *const *blocks, long offset, long stride, long count, long size, const float *p, float *y, int accumulates) {
  for (long i = 0; i < size; i += 64) {
    // Up to 64 columns stay in registers over all keys.
    const long width = size - i < 64 ? size - i : 64;
    float sums[64] = {0};
    if (accumulates) memcpy(sums, y + i, (size_t)width * sizeof *sums);
    sluice_floats lanes[4];
    memcpy(lanes, sums, sizeof lanes);
    for (long key = 0; key < count; key++) {
      const uint16_t *from =
          (const uint16_t *)blocks[key / SLUICE_BLOCK_TOKENS] + offset + key % SLUICE_BLOCK_TOKENS * stride + i;
      const sluice_floats factor = p[key];
      if (width == 64) {
#pragma clang loop unroll(full)
        for (int lane = 0; lane < 4; lane++)
          lanes[lane] = __builtin_elementwise_fma(
              factor, SLUICE_NAME(halves)((const uint8_t *)(from + 16 * lane)), lanes[lane]);
      } else {
        uint16_t rest[64] = {0};
        memcpy(rest, from, (size_t)width * sizeof *rest);
        for (int lane = 0; lane < 4; lane++)
          lanes[lane] = __builtin_elementwise_fma(
              factor, SLUICE_NAME(halves)((const uint8_t *)(rest + 16 * lane)), lanes[lane]);
      }
    }
    memcpy(sums, lanes, sizeof lanes);
    memcpy(y + i, sums, (size_t)width * sizeof *sums);
  }
}

#undef SLUICE_INLINE
