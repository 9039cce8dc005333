/* Ops: add sub mul div fma sqrt neg abs minimum maximum, less less_equal equal, is_nan is_finite, select; element by element.
 *
 * Schedule: none. Contraction: none; fma is the one fused operation. Quotients and roots are correctly rounded.
 * Readable twin: fpsem/domains/ieee32.py, the methods of these names; all NaNs count as one.
 *
 * Each kernel is NAME_kernel(n, out, operands...) over arrays of n elements, for any grid of one dimension. The result may be an
 * operand's own array. Not here, since they are printed from the Python that says them: casts to narrower formats
 * (fpsem/softfloat/convert.py, convert) and elementary functions (fpsem/softfloat/elementary).
 */
#include "float32.h"

#define FPSEM_EACH(i, n) (uint64_t i = FPSEM_FIRST; i < (n); i += FPSEM_STRIDE)

#define FPSEM_UNARY(result, name, value) \
    FPSEM_EXPORT __global__ void float32_##name##_kernel(uint64_t n, result *out, const float *a) \
    { \
        for FPSEM_EACH(i, n) { \
            const float x = a[i]; \
            out[i] = value; \
        } \
    }

#define FPSEM_BINARY(result, name, value) \
    FPSEM_EXPORT __global__ void float32_##name##_kernel(uint64_t n, result *out, const float *a, const float *b) \
    { \
        for FPSEM_EACH(i, n) { \
            const float x = a[i], y = b[i]; \
            out[i] = value; \
        } \
    }

FPSEM_BINARY(float, add, fpsem_f32_add(x, y))
FPSEM_BINARY(float, sub, fpsem_f32_sub(x, y))
FPSEM_BINARY(float, mul, fpsem_f32_mul(x, y))
FPSEM_BINARY(float, div, fpsem_f32_div(x, y))
FPSEM_BINARY(float, minimum, fpsem_f32_minimum(x, y))
FPSEM_BINARY(float, maximum, fpsem_f32_maximum(x, y))
FPSEM_BINARY(bool, less, x < y)
FPSEM_BINARY(bool, less_equal, x <= y)
FPSEM_BINARY(bool, equal, x == y)

FPSEM_UNARY(float, sqrt, fpsem_f32_sqrt(x))
FPSEM_UNARY(float, neg, fpsem_f32_neg(x))
FPSEM_UNARY(float, abs, fpsem_f32_abs(x))
FPSEM_UNARY(bool, is_nan, fpsem_f32_is_nan(x))
FPSEM_UNARY(bool, is_finite, fpsem_f32_is_finite(x))

FPSEM_EXPORT __global__ void float32_fma_kernel(uint64_t n, float *out, const float *a, const float *b, const float *c)
{
    for FPSEM_EACH(i, n)
        out[i] = fpsem_f32_fma(a[i], b[i], c[i]);
}

FPSEM_EXPORT __global__ void float32_select_kernel(uint64_t n, float *out, const bool *truth, const float *a, const float *b)
{
    for FPSEM_EACH(i, n)
        out[i] = truth[i] ? a[i] : b[i];
}
