/* What emitted functions need of a compiler: nvcc, NVRTC, or a C99 or C++11 compiler for the CPU.
 *
 * On a CPU the words of CUDA vanish, and a kernel is a function that visits every element in order.
 */
#if defined(__CUDACC_RTC__) /* NVRTC has no standard headers */
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
#define UINT64_C(value) value##ull
#else
#include <stdint.h>
#endif

#if defined(__cplusplus)
#define FPSEM_EXPORT extern "C"
#else
#include <stdbool.h>
#define FPSEM_EXPORT
#endif

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define FPSEM_FIRST ((uint64_t)blockIdx.x * blockDim.x + threadIdx.x)
#define FPSEM_STRIDE ((uint64_t)gridDim.x * blockDim.x)
#else
#define __host__
#define __device__
#define __global__
#define FPSEM_FIRST ((uint64_t)0)
#define FPSEM_STRIDE ((uint64_t)1)
#endif

/* Zeros above the leading one; 64 for 0, for which the compiler's own function has no meaning. */
static __host__ __device__ inline uint64_t fpsem_count_leading_zeros(uint64_t x)
{
#if defined(__CUDA_ARCH__)
    return (uint64_t)__clzll((long long)x);
#else
    return x == 0 ? UINT64_C(64) : (uint64_t)__builtin_clzll(x);
#endif
}
