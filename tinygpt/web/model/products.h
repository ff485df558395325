// Vectors of 4 numbers, and products of matrices with rows of numbers. For the dimensions see kernels.c.

#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define S(number) wasm_f32x4_splat(number)

#ifdef __wasm_relaxed_simd__
#define MULTIPLY_ADD(a, b, c) wasm_f32x4_relaxed_madd(a, b, c)
enum { INT8_VECTORS = 3 };  // as many sums as fit into the registers
#else
#define MULTIPLY_ADD(a, b, c) wasm_f32x4_add(wasm_f32x4_mul(a, b), c)
enum { INT8_VECTORS = 2 };
#endif
enum { FLOAT_VECTORS = 4, FLOAT_WIDTH = 4 * FLOAT_VECTORS, INT8_WIDTH = 4 * INT8_VECTORS, ROOM = FLOAT_WIDTH };
enum { MAX_N = 32 };  // rows that are multiplied at once: a group of weights stays in the first-level cache meanwhile

typedef struct {
  const void *weights;        // float32 in groups of FLOAT_WIDTH outputs: G, K, width; or
                              // int8 in groups of INT8_WIDTH outputs, of 4 inputs at a time: G, K / 4, width, 4
  const float *scales_O;      // of int8: factor of each output; else null
  const int32_t *offsets_O;   // of int8: -128 times the sum of an output's weights
  const float *biases_O;
  int K, O;
} Matrix;

EXPORT(int8_width) int int8_width(void) { return INT8_WIDTH; }

// Vectors

INLINE v128_t first_lanes(int count) { return wasm_i32x4_lt(wasm_i32x4_const(0, 1, 2, 3), wasm_i32x4_splat(count)); }

// The first numbers of a vector, as many as are left of an array; zeros in place of the others.
INLINE v128_t up_to(v128_t x, int left) { return left < 4 ? wasm_v128_and(x, first_lanes(left)) : x; }

INLINE v128_t load(const float *x_K, int k, int K) { return up_to(wasm_v128_load(x_K + k), K - k); }

INLINE float sum_of(v128_t x) {
  return (wasm_f32x4_extract_lane(x, 0) + wasm_f32x4_extract_lane(x, 1)) +
         (wasm_f32x4_extract_lane(x, 2) + wasm_f32x4_extract_lane(x, 3));
}

INLINE float largest_of(v128_t x) {
  x = wasm_f32x4_max(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(wasm_f32x4_max(x, wasm_i32x4_shuffle(x, x, 1, 0, 3, 2)), 0);
}

#define TO_INTEGER 12582912.0f  // 1.5 x 2^23: the bits of a small number plus this are those of this plus the integer
#define TO_INTEGER_BITS 0x4b400000

// e^x within 2 units in the last place. x = n ln 2 + r; the polynomial in r is that of Cephes (Moshier, 1989), 2^n is
// composed from its bits.
INLINE v128_t exponential(v128_t x) {
  x = wasm_f32x4_pmin(wasm_f32x4_pmax(x, S(-87)), S(88));
  v128_t bits = MULTIPLY_ADD(x, S(1.44269504f), S(TO_INTEGER));
  v128_t n = wasm_f32x4_sub(bits, S(TO_INTEGER));
  v128_t r = MULTIPLY_ADD(n, S(2.12194440e-4f), MULTIPLY_ADD(n, S(-0.693359375f), x));
  v128_t p = MULTIPLY_ADD(S(1.9875691500e-4f), r, S(1.3981999507e-3f));
  p = MULTIPLY_ADD(p, r, S(8.3334519073e-3f));
  p = MULTIPLY_ADD(p, r, S(4.1665795894e-2f));
  p = MULTIPLY_ADD(p, r, S(1.6666665459e-1f));
  p = MULTIPLY_ADD(p, r, S(5.0000001201e-1f));
  p = wasm_f32x4_add(MULTIPLY_ADD(p, wasm_f32x4_mul(r, r), r), S(1));
  return wasm_f32x4_mul(p, wasm_i32x4_add(wasm_i32x4_shl(bits, 23), wasm_i32x4_splat(127 << 23)));
}

// Products

// The dot products of x_D with 4 rows, whose length is a multiple of 4.
INLINE v128_t four_dots(const float *x_D, const float *rows_4D, int D) {
  v128_t sums[4] = {};
  for (int d = 0; d < D; d += 4) {
    v128_t x = wasm_v128_load(x_D + d);
    UNROLL for (int i = 0; i < 4; i++) sums[i] = MULTIPLY_ADD(x, wasm_v128_load(rows_4D + i * D + d), sums[i]);
  }
  v128_t halves[2];
  UNROLL for (int i = 0; i < 2; i++)
    halves[i] = wasm_f32x4_add(wasm_i32x4_shuffle(sums[2 * i], sums[2 * i + 1], 0, 4, 1, 5),
                               wasm_i32x4_shuffle(sums[2 * i], sums[2 * i + 1], 2, 6, 3, 7));
  return wasm_f32x4_add(wasm_i32x4_shuffle(halves[0], halves[1], 0, 1, 4, 5),
                        wasm_i32x4_shuffle(halves[0], halves[1], 2, 3, 6, 7));
}

// One group of outputs y = x_K @ weights, in float32. Each output has two partial sums, because an addition has to wait
// for the previous one to the same sum.
INLINE void float_product(const float *x_K, const float *weights, int K, v128_t *y) {
  v128_t sums[2][FLOAT_VECTORS] = {};
  int k = 0;
  for (; k + 2 <= K; k += 2)
    UNROLL for (int part = 0; part < 2; part++) {
      v128_t x = wasm_v128_load32_splat(x_K + k + part);
      UNROLL for (int i = 0; i < FLOAT_VECTORS; i++)
        sums[part][i] = MULTIPLY_ADD(x, wasm_v128_load(weights + (k + part) * FLOAT_WIDTH + 4 * i), sums[part][i]);
    }
  if (k < K)
    UNROLL for (int i = 0; i < FLOAT_VECTORS; i++)
      sums[0][i] = MULTIPLY_ADD(S(x_K[k]), wasm_v128_load(weights + k * FLOAT_WIDTH + 4 * i), sums[0][i]);
  UNROLL for (int i = 0; i < FLOAT_VECTORS; i++) y[i] = wasm_f32x4_add(sums[0][i], sums[1][i]);
}

// Inputs of an int8 product are integers of 23 bits times a step. They are kept in parts, in 16 bytes for 4 inputs (a
// quad): what the two kinds of kernels can multiply with int8.
static int8_t *integers;

INLINE v128_t parts_of(v128_t bits);

// Store the integers of x_K, and return their step.
static float to_integers(const float *x_K, int K, int8_t *parts) {
  v128_t largest = S(0);
  for (int k = 0; k < K; k += 4)  // as integers, magnitudes have the order of the numbers, and NaN is above infinity
    largest = wasm_i32x4_max(largest, wasm_f32x4_abs(load(x_K, k, K)));
  float bound = largest_of(largest), limit = (1 << 22) - 1;
  v128_t factor = S(bound > 1e-30f ? limit / bound : 0);
  for (int k = 0; k < K; k += 4)
    wasm_v128_store(parts + 4 * k, parts_of(MULTIPLY_ADD(load(x_K, k, K), factor, S(TO_INTEGER))));
  return bound / limit;
}

#ifdef __wasm_relaxed_simd__

// Parts are 3 bytes, since one instruction multiplies int8 with bytes and adds up 4 products. Whether it takes these as
// signed depends on the processor.
static int bytes_are_signed;

EXPORT(available) int available(void) {
  int32_t sum = wasm_i32x4_extract_lane(
      wasm_i32x4_relaxed_dot_i8x16_i7x16_add(wasm_i8x16_splat(127), wasm_i8x16_splat(-1), S(0)), 0);
  bytes_are_signed = sum == 4 * 127 * -1;
  return bytes_are_signed || sum == 4 * 127 * 255;  // else it adds with saturation
}

INLINE v128_t parts_of(v128_t bits) {
  bits = wasm_i32x4_add(bits, wasm_i32x4_splat((bytes_are_signed ? 0x808080 : 0x800000) - TO_INTEGER_BITS));
  bits = wasm_v128_xor(bits, wasm_i32x4_splat(bytes_are_signed ? 0x808080 : 0));
  return wasm_i8x16_shuffle(bits, bits, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}

INLINE void int8_product(const int8_t *parts, const int8_t *weights, const int32_t *offsets, int quads, v128_t *y) {
  v128_t sums[3][INT8_VECTORS] = {};
  if (!bytes_are_signed)
    UNROLL for (int i = 0; i < INT8_VECTORS; i++) sums[2][i] = wasm_v128_load(offsets + 4 * i);
  for (int quad = 0; quad < quads; quad++, parts += 16, weights += 4 * INT8_WIDTH) {
    v128_t x[3];
    UNROLL for (int part = 0; part < 3; part++) x[part] = wasm_v128_load32_splat(parts + 4 * part);
    UNROLL for (int i = 0; i < INT8_VECTORS; i++) {
      v128_t four = wasm_v128_load(weights + 16 * i);
      UNROLL for (int part = 0; part < 3; part++)
        sums[part][i] = wasm_i32x4_relaxed_dot_i8x16_i7x16_add(four, x[part], sums[part][i]);
    }
  }
  UNROLL for (int i = 0; i < INT8_VECTORS; i++) {
    v128_t high = MULTIPLY_ADD(wasm_f32x4_convert_i32x4(sums[2][i]), S(256), wasm_f32x4_convert_i32x4(sums[1][i]));
    y[i] = MULTIPLY_ADD(high, S(256), wasm_f32x4_convert_i32x4(sums[0][i]));
  }
}

#else

// Parts are the 12 high bits and the 11 low bits, in int16.
enum { LOW_BITS = 11 };

EXPORT(available) int available(void) { return 1; }

INLINE v128_t parts_of(v128_t bits) {
  v128_t high = wasm_i32x4_sub(wasm_u32x4_shr(bits, LOW_BITS), wasm_i32x4_splat(TO_INTEGER_BITS >> LOW_BITS));
  return wasm_i16x8_narrow_i32x4(high, wasm_v128_and(bits, wasm_i32x4_splat((1 << LOW_BITS) - 1)));
}

INLINE void int8_product(const int8_t *parts, const int8_t *weights, const int32_t *offsets, int quads, v128_t *y) {
  (void)offsets;
  v128_t sums[2][2 * INT8_VECTORS] = {};  // each vector holds two sums of two outputs
  for (int quad = 0; quad < quads; quad++, parts += 16, weights += 4 * INT8_WIDTH) {
    v128_t x[2];
    UNROLL for (int part = 0; part < 2; part++) x[part] = wasm_v128_load64_splat(parts + 8 * part);
    UNROLL for (int i = 0; i < 2 * INT8_VECTORS; i++) {
      v128_t two = wasm_i16x8_load8x8(weights + 8 * i);
      UNROLL for (int part = 0; part < 2; part++)
        sums[part][i] = wasm_i32x4_add(sums[part][i], wasm_i32x4_dot_i16x8(two, x[part]));
    }
  }
  UNROLL for (int i = 0; i < INT8_VECTORS; i++) {
    v128_t totals[2];
    UNROLL for (int part = 0; part < 2; part++) {
      v128_t a = sums[part][2 * i], b = sums[part][2 * i + 1];
      totals[part] = wasm_f32x4_convert_i32x4(
          wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7)));
    }
    y[i] = MULTIPLY_ADD(totals[0], S(1 << LOW_BITS), totals[1]);
  }
}

#endif

// y = x @ matrix + biases, for N rows of the given lengths.
static void multiply(const Matrix *matrix, const float *x_NK, int x_length, int N, float *y_NO, int y_length) {
  int K = matrix->K, O = matrix->O, quads = (K + 3) / 4;
  float step_N[MAX_N];
  if (matrix->scales_O) {
    for (int n = 0; n < N; n++) step_N[n] = to_integers(x_NK + n * x_length, K, integers + 16 * quads * n);
    const int8_t *weights = matrix->weights;
    for (int o = 0; o < O; o += INT8_WIDTH, weights += 4 * quads * INT8_WIDTH)
      for (int n = 0; n < N; n++) {
        v128_t y[INT8_VECTORS];
        int8_product(integers + 16 * quads * n, weights, matrix->offsets_O + o, quads, y);
        UNROLL for (int i = 0; i < INT8_VECTORS; i++) {
          v128_t scales = wasm_f32x4_mul(wasm_v128_load(matrix->scales_O + o + 4 * i), S(step_N[n]));
          v128_t biases = wasm_v128_load(matrix->biases_O + o + 4 * i);
          wasm_v128_store(y_NO + n * y_length + o + 4 * i, MULTIPLY_ADD(y[i], scales, biases));
        }
      }
  } else {
    const float *weights = matrix->weights;
    for (int o = 0; o < O; o += FLOAT_WIDTH, weights += K * FLOAT_WIDTH)
      for (int n = 0; n < N; n++) {
        v128_t y[FLOAT_VECTORS];
        float_product(x_NK + n * x_length, weights, K, y);
        UNROLL for (int i = 0; i < FLOAT_VECTORS; i++) {
          v128_t biases = wasm_v128_load(matrix->biases_O + o + 4 * i);
          wasm_v128_store(y_NO + n * y_length + o + 4 * i, wasm_f32x4_add(y[i], biases));
        }
      }
  }
}
