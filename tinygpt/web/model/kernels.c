// The forward pass of a model, for one text: reads characters, computes the logits of the next one. The arithmetic is
// that of tinygpt/model/gpt.py, in vectors of 4 numbers; weight_layout.js puts the weights into memory.
//
// kernels.wasm and kernels_relaxed.wasm are this file, compiled without and with relaxed SIMD. With Debian's packages
// clang-19 and lld-19:
//
//   FLAGS="--target=wasm32 -O3 -msimd128 -mbulk-memory -nostdlib -Wl,--no-entry -Wl,--stack-first -Wl,--strip-all"
//   clang-19 $FLAGS -o kernels.wasm kernels.c
//   clang-19 $FLAGS -mrelaxed-simd -o kernels_relaxed.wasm kernels.c
//
// Nothing here checks its arguments: engine.js does.
//
// Dimensions, beside those of gpt.py: N characters read at once, K inputs and O outputs of a matrix, G groups of
// outputs. Vectors may be read up to the end of the last 4 numbers, and results be written up to ROOM numbers behind
// their end.

#include "products.h"

typedef struct {
  const float *weights_K, *biases_K;  // RMSNorm has no biases
} Norm;

typedef struct {
  Norm attention_norm;
  Matrix query_key_value;     // the outputs of all three, in this order
  Norm query_norm, key_norm;  // null where there are none
  Matrix attention_proj;
  Norm feed_forward_norm;
  Matrix expand;              // preceded by the gate's outputs, if there is a gate
  Matrix feed_forward_proj;
} Block;

typedef struct {
  int vocab_size, block_size, n_layer, n_head, n_embd, head_size, hidden;
  int classic;                   // the family gpt, with LayerNorm and ReLU instead of RMSNorm and SwiGLU
  const float *token_VC;
  const float *position_TC;      // null where positions are rotary
  const float *cos_TD, *sin_TD;  // null where positions are learned
  Norm norm;
  Matrix lm_head;
  Block blocks[];
} Model;

static const Model *model;

// Where N characters are computed. `x_length` and so on are lengths of rows.
static struct {
  float *x_NC, *normed_NC, *qkv_NC, *query_ND, *heads_NC, *hidden_NK, *update_NC, *scores_T;
  int x_length, qkv_length, hidden_length;
} buffers;

static v128_t nonfinite;  // NaN in a lane once a number that was watched is not finite

// Memory

extern uint8_t __heap_base;
static uint32_t end;

// Memory for so many bytes, filled with zeros and aligned for vectors; null if there is none left.
EXPORT(allocate) void *allocate(uint32_t bytes) {
  uint32_t start = ((end ? end : (uint32_t)&__heap_base) + 15) & ~15u;
  uint64_t needed = (uint64_t)start + bytes + 16, size = (uint64_t)__builtin_wasm_memory_size(0) << 16;
  if (needed > UINT32_MAX) return 0;
  if (needed > size && __builtin_wasm_memory_grow(0, (needed - size + 0xffff) >> 16) == -1ul) return 0;
  end = start + bytes;
  return (void *)start;
}

static float *rows(int count, int length) { return allocate((uint32_t)(count * length) * sizeof(float)); }

static int to_vectors(int length) { return (length + 3) & ~3; }

// The parts of a block

// Record whether these numbers are finite: a finite number times 0 is 0.
static void watch(const float *x_K, int K) {
  for (int k = 0; k < K; k += 4) nonfinite = MULTIPLY_ADD(load(x_K, k, K), S(0), nonfinite);
}

static void norm(const Norm *norm, const float *x_K, int K, float *y_K) {
  v128_t sums = S(0), squares = S(0), mean = S(0);
  if (model->classic) {
    for (int k = 0; k < K; k += 4) sums = wasm_f32x4_add(sums, load(x_K, k, K));
    mean = S(sum_of(sums) / K);
  }
  for (int k = 0; k < K; k += 4) {
    v128_t centered = up_to(wasm_f32x4_sub(wasm_v128_load(x_K + k), mean), K - k);
    squares = MULTIPLY_ADD(centered, centered, squares);
  }
  v128_t scale = S(1 / __builtin_sqrtf(sum_of(squares) / K + (model->classic ? 1e-5f : 1e-6f)));
  for (int k = 0; k < K; k += 4) {
    v128_t y = wasm_f32x4_mul(wasm_f32x4_sub(wasm_v128_load(x_K + k), mean), scale);
    y = wasm_f32x4_mul(y, wasm_v128_load(norm->weights_K + k));
    if (norm->biases_K) y = wasm_f32x4_add(y, wasm_v128_load(norm->biases_K + k));
    wasm_v128_store(y_K + k, up_to(y, K - k));
  }
}

// A query or a key of the character at position t as attention compares them: normalized and rotated where the model
// does so (see attention.py), with zeros up to the end of the last vector.
static void place(const Norm *head_norm, const float *x_D, int t, float *y_D) {
  int D = model->head_size, half = D / 2;
  if (head_norm->weights_K)
    norm(head_norm, x_D, D, y_D);
  else
    for (int d = 0; d < D; d += 4) wasm_v128_store(y_D + d, load(x_D, d, D));
  if (!model->cos_TD) return;
  const float *cos_D = model->cos_TD + t * D, *sin_D = model->sin_TD + t * D;
  for (int d = 0; d < half; d++) {
    float first = y_D[d], second = y_D[half + d];
    y_D[d] = first * cos_D[d] - second * sin_D[d];
    y_D[half + d] = second * cos_D[half + d] + first * sin_D[half + d];
  }
}

// e^(scores x scale), up to a factor that is the same for all; their sum.
static float exponentials(float *scores_T, int T, float scale) {
  v128_t largest = S(scores_T[0]), total = S(0);
  for (int t = 0; t < T; t += 4) {
    v128_t scores = wasm_v128_load(scores_T + t);
    if (T - t < 4) scores = wasm_v128_bitselect(scores, largest, first_lanes(T - t));
    largest = wasm_f32x4_pmax(largest, scores);
    nonfinite = MULTIPLY_ADD(scores, S(0), nonfinite);  // what follows may lose NaN
  }
  largest = S(largest_of(largest));
  for (int t = 0; t < T; t += 4) {
    v128_t scores = wasm_f32x4_mul(wasm_f32x4_sub(wasm_v128_load(scores_T + t), largest), S(scale));
    scores = up_to(exponential(scores), T - t);
    wasm_v128_store(scores_T + t, scores);
    total = wasm_f32x4_add(total, scores);
  }
  return sum_of(total);
}

// One head's attention from the character at position t, which sees that position and those before it.
static void attend(const float *query_D, const float *keys_TD, const float *values_GTW, int t, float *out_D) {
  int D = model->head_size, length = to_vectors(D), T = t + 1;
  for (int t = 0; t < T; t += 4)
    wasm_v128_store(buffers.scores_T + t, four_dots(query_D, keys_TD + t * length, length));
  float total = exponentials(buffers.scores_T, T, 1 / __builtin_sqrtf(D));
  for (int d = 0; d < D; d += FLOAT_WIDTH, values_GTW += FLOAT_WIDTH * model->block_size) {
    v128_t y[FLOAT_VECTORS];
    float_product(buffers.scores_T, values_GTW, T, y);
    UNROLL for (int i = 0; i < FLOAT_VECTORS; i++) y[i] = wasm_f32x4_div(y[i], S(total));
    for (int i = 0; i < FLOAT_WIDTH && d + i < D; i++) out_D[d + i] = ((const float *)y)[i];
  }
}

// The float32 numbers in the cache of one head: keys_TD and values_GTW.
static int keys_size(void) { return to_vectors(model->block_size) * to_vectors(model->head_size); }

static int values_size(void) {
  return (model->head_size + FLOAT_WIDTH - 1) / FLOAT_WIDTH * FLOAT_WIDTH * model->block_size;
}

// All heads of a block: append keys and values of N characters to the cache, and attend from those from `start` on.
// Where queries_TD are given, record them.
static void attention(const Block *block, float *cache, int N, int t, int start, float *queries_HTD, int T) {
  int D = model->head_size, C = model->n_embd, length = to_vectors(D);
  for (int head = 0; head < model->n_head; head++) {
    float *keys_TD = cache + head * (keys_size() + values_size()), *values_GTW = keys_TD + keys_size();
    for (int n = 0; n < N; n++) {
      const float *q_D = buffers.qkv_NC + n * buffers.qkv_length + head * D, *k_D = q_D + C, *v_D = k_D + C;
      float *query_D = buffers.query_ND + n * length;
      place(&block->query_norm, q_D, t + n, query_D);
      place(&block->key_norm, k_D, t + n, keys_TD + (t + n) * length);
      for (int d = 0; d < D; d++)
        values_GTW[(d / FLOAT_WIDTH * model->block_size + t + n) * FLOAT_WIDTH + d % FLOAT_WIDTH] = v_D[d];
      if (queries_HTD)
        for (int d = 0; d < D; d++) queries_HTD[(head * T + t + n) * D + d] = query_D[d];
    }
    for (int n = start; n < N; n++) {
      float *out_D = buffers.heads_NC + n * buffers.x_length + head * D;
      attend(buffers.query_ND + n * length, keys_TD, values_GTW, t + n, out_D);
    }
  }
}

// The feed-forward network's activation, in place: SwiGLU with x as the gate of the other, or ReLU of x.
static void activate(float *x_K, const float *other_K, int K) {
  if (model->classic) watch(x_K, K);  // ReLU may turn NaN into 0
  for (int k = 0; k < K; k += 4) {
    v128_t x = wasm_v128_load(x_K + k), y;
    if (model->classic) {
      y = wasm_f32x4_pmax(S(0), x);
    } else {
      y = wasm_f32x4_div(x, wasm_f32x4_add(S(1), exponential(wasm_f32x4_neg(x))));
      y = wasm_f32x4_mul(y, wasm_v128_load(other_K + k));
    }
    wasm_v128_store(x_K + k, y);
  }
}

// Add the updates of N characters to the residual stream.
static void add(float *x_NC, const float *update_NC, int N) {
  for (int i = 0; i < N * buffers.x_length; i++) x_NC[i] += update_NC[i];
}

// Read N <= MAX_N characters, the first at position t, in a window of which T are known.
static void read_chunk(float *cache, const int *ids_N, int N, int t, int T, float *queries_LHTD, float *residual_LC) {
  int C = model->n_embd, length = buffers.x_length, needed = t + N == T ? N - 1 : N;
  for (int n = 0; n < N; n++)
    for (int c = 0; c < C; c++) {
      float position = model->position_TC ? model->position_TC[(t + n) * C + c] : 0;
      buffers.x_NC[n * length + c] = model->token_VC[ids_N[n] * C + c] + position;
    }
  for (int layer = 0; layer <= model->n_layer; layer++) {
    if (residual_LC && needed < N)
      for (int c = 0; c < C; c++) residual_LC[layer * C + c] = buffers.x_NC[needed * length + c];
    if (layer == model->n_layer) break;
    const Block *block = &model->blocks[layer];
    float *layer_cache = cache + layer * model->n_head * (keys_size() + values_size());
    float *queries_HTD = queries_LHTD ? queries_LHTD + layer * T * C : 0;
    int first = layer < model->n_layer - 1 ? 0 : needed;  // after the last block only the last character is needed
    int left = N - first;
    float *x_NC = buffers.x_NC + first * length, *normed_NC = buffers.normed_NC + first * length;
    for (int n = 0; n < N; n++)
      norm(&block->attention_norm, buffers.x_NC + n * length, C, buffers.normed_NC + n * length);
    multiply(&block->query_key_value, buffers.normed_NC, length, N, buffers.qkv_NC, buffers.qkv_length);
    attention(block, layer_cache, N, t, first, queries_HTD, T);
    multiply(&block->attention_proj, buffers.heads_NC + first * length, length, left, buffers.update_NC, length);
    add(x_NC, buffers.update_NC, left);
    for (int n = 0; n < left; n++) norm(&block->feed_forward_norm, x_NC + n * length, C, normed_NC + n * length);
    multiply(&block->expand, normed_NC, length, left, buffers.hidden_NK, buffers.hidden_length);
    for (int n = 0; n < left; n++) {
      float *hidden_K = buffers.hidden_NK + n * buffers.hidden_length;
      activate(hidden_K, hidden_K + model->hidden, model->hidden);
    }
    multiply(&block->feed_forward_proj, buffers.hidden_NK, buffers.hidden_length, left, buffers.update_NC, length);
    add(x_NC, buffers.update_NC, left);
  }
  for (int n = 0; n < N; n++)  // what every norm computes first, and where the numbers overflow first
    for (int c = 0; c < C; c += 4) {
      v128_t x = load(buffers.x_NC + n * length, c, C);
      nonfinite = MULTIPLY_ADD(wasm_f32x4_mul(x, x), S(0), nonfinite);
    }
}

// What engine.js calls

// Take over a model, once. Returns whether there is memory enough to read with it.
EXPORT(open) int open(const Model *opened) {
  model = opened;
  int gates = !model->classic, widest = model->hidden > model->n_embd ? model->hidden : model->n_embd;
  buffers.x_length = model->n_embd + ROOM;
  buffers.qkv_length = 3 * model->n_embd + ROOM;
  buffers.hidden_length = (1 + gates) * model->hidden + ROOM;
  return (buffers.x_NC = rows(MAX_N, buffers.x_length)) && (buffers.normed_NC = rows(MAX_N, buffers.x_length)) &&
         (buffers.qkv_NC = rows(MAX_N, buffers.qkv_length)) && (buffers.heads_NC = rows(MAX_N, buffers.x_length)) &&
         (buffers.query_ND = rows(MAX_N, to_vectors(model->head_size))) &&
         (buffers.hidden_NK = rows(MAX_N, buffers.hidden_length)) &&
         (buffers.update_NC = rows(MAX_N, buffers.x_length)) &&
         (buffers.scores_T = rows(1, to_vectors(model->block_size))) &&
         (integers = (int8_t *)rows(MAX_N, to_vectors(widest)));
}

// The float32 numbers in the cache of one text, which may be more than fit into memory.
EXPORT(cache_size) double cache_size(void) {
  return (double)model->n_layer * model->n_head * (keys_size() + values_size());
}

// The logits that follow from the residual stream of one character, after the last block or an earlier one.
EXPORT(unembed) void unembed(const float *x_C, float *logits_V) {
  norm(&model->norm, x_C, model->n_embd, buffers.normed_NC);
  multiply(&model->lm_head, buffers.normed_NC, 0, 1, logits_V, 0);
}

// Read N characters, the first at position t, and compute the logits of the one after the last. Where queries_LHTD and
// residual_LC are given, with t = 0, record these activations, too; the latter are those of the last character.
//
// Returns whether all numbers are finite.
EXPORT(read)
int read(float *cache, const int *ids_N, int N, int t, float *logits_V, float *queries_LHTD, float *residual_LC) {
  nonfinite = S(0);
  int count = 0;
  for (int n = 0; n < N; n += count) {
    count = N - n < MAX_N ? N - n : MAX_N;
    read_chunk(cache, ids_N + n, count, t + n, t + N, queries_LHTD, residual_LC);
  }
  unembed(buffers.x_NC + (count - 1) * buffers.x_length, logits_V);
  watch(logits_V, model->vocab_size);
  return sum_of(nonfinite) == 0;
}
