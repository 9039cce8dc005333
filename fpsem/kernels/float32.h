/* Binary32 for the kernels of this folder: every operation is IEEE 754's by itself, rounded to nearest even, subnormals kept.
 *
 * Contraction: none but by fpsem_f32_fma, which rounds once. On a GPU the intrinsics keep the compiler from contracting, from
 * approximating a quotient or a root, and from flushing. On a CPU the operations are C's own: compile with -ffp-contract=off
 * where the compiler might contract across functions; the functions are meant for machines whose float is binary32 throughout.
 *
 * Which NaN an operation gives is the machine's. Changes of sign, minimum and maximum act on codes.
 *
 * Readable twin: fpsem/core/protocol.py, ScalarDomain; exactly: fpsem/domains/ieee32.py.
 * Source: IEEE 754-2019 clauses 5.4.1, 5.5.1 and 9.6.
 */
#include "../softfloat/words/target.h"

#if !defined(__CUDACC_RTC__) && defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
#error "this machine computes with float in a wider format; results would be rounded twice"
#endif

#define FPSEM_BOTH static __host__ __device__ inline

#if defined(__CUDA_ARCH__)
FPSEM_BOTH float fpsem_f32_add(float x, float y) { return __fadd_rn(x, y); }
FPSEM_BOTH float fpsem_f32_sub(float x, float y) { return __fsub_rn(x, y); }
FPSEM_BOTH float fpsem_f32_mul(float x, float y) { return __fmul_rn(x, y); }
FPSEM_BOTH float fpsem_f32_div(float x, float y) { return __fdiv_rn(x, y); }
FPSEM_BOTH float fpsem_f32_fma(float x, float y, float z) { return __fmaf_rn(x, y, z); }
FPSEM_BOTH float fpsem_f32_sqrt(float x) { return __fsqrt_rn(x); }
#else
FPSEM_BOTH float fpsem_f32_add(float x, float y) { return x + y; }
FPSEM_BOTH float fpsem_f32_sub(float x, float y) { return x - y; }
FPSEM_BOTH float fpsem_f32_mul(float x, float y) { return x * y; }
FPSEM_BOTH float fpsem_f32_div(float x, float y) { return x / y; }
FPSEM_BOTH float fpsem_f32_fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
FPSEM_BOTH float fpsem_f32_sqrt(float x) { return __builtin_sqrtf(x); }
#endif

/* Codes and numbers. */
FPSEM_BOTH uint32_t fpsem_f32_code(float x)
{
    union { float number; uint32_t code; } either;
    either.number = x;
    return either.code;
}

FPSEM_BOTH float fpsem_f32_number(uint32_t code)
{
    union { uint32_t code; float number; } either;
    either.code = code;
    return either.number;
}

FPSEM_BOTH float fpsem_f32_neg(float x) { return fpsem_f32_number(fpsem_f32_code(x) ^ 0x80000000u); }
FPSEM_BOTH float fpsem_f32_abs(float x) { return fpsem_f32_number(fpsem_f32_code(x) & 0x7fffffffu); }
FPSEM_BOTH bool fpsem_f32_is_nan(float x) { return (fpsem_f32_code(x) & 0x7fffffffu) > 0x7f800000u; }
FPSEM_BOTH bool fpsem_f32_is_finite(float x) { return (fpsem_f32_code(x) & 0x7fffffffu) < 0x7f800000u; }

/* A NaN where there is one; equal numbers have one code, or are zeros, of which the signs are joined. */
FPSEM_BOTH float fpsem_f32_minimum(float x, float y)
{
    const float equal = fpsem_f32_number(fpsem_f32_code(x) | fpsem_f32_code(y));
    return x == y ? equal : x < y || fpsem_f32_is_nan(x) ? x : y;
}

FPSEM_BOTH float fpsem_f32_maximum(float x, float y)
{
    const float equal = fpsem_f32_number(fpsem_f32_code(x) & fpsem_f32_code(y));
    return x == y ? equal : x > y || fpsem_f32_is_nan(x) ? x : y;
}
