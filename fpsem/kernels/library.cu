/* Ops: exp expm1 log log1p sin cos tan atan tanh erf as the machine's own library computes them, element by element.
 *
 * Schedule: none. Contraction: the library's own affair. Nothing is promised of the bits: on a GPU CUDA documents largest errors,
 * which are fpsem/domains/cupy_float32.py, LIBRARY_ULPS; on a CPU the functions are the C library's.
 * Readable twin, correctly rounded: fpsem/softfloat/elementary.
 */
#include "float32.h"

#if defined(__CUDA_ARCH__)
#define FPSEM_OF_LIBRARY(name) name##f
#else
#define FPSEM_OF_LIBRARY(name) __builtin_##name##f
#endif

#define FPSEM_FUNCTION(name) \
    FPSEM_EXPORT __global__ void float32_##name##_kernel(uint64_t n, float *out, const float *a) \
    { \
        for (uint64_t i = FPSEM_FIRST; i < n; i += FPSEM_STRIDE) \
            out[i] = FPSEM_OF_LIBRARY(name)(a[i]); \
    }

FPSEM_FUNCTION(exp)
FPSEM_FUNCTION(expm1)
FPSEM_FUNCTION(log)
FPSEM_FUNCTION(log1p)
FPSEM_FUNCTION(sin)
FPSEM_FUNCTION(cos)
FPSEM_FUNCTION(tan)
FPSEM_FUNCTION(atan)
FPSEM_FUNCTION(tanh)
FPSEM_FUNCTION(erf)
