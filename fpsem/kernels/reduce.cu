/* Ops: sum and max. Sum j is over the terms[i * m + j], i from 0 to n - 1, of an array (n, m); there are m sums, n is at least 1.
 *
 * Schedules: float32_sum_kernel any, as a program (schedule.h); float32_sum_sequential_kernel Sequential; float32_sum_warp_kernel
 * running sums in the lanes of a warp, joined by shuffles. A maximum is the same in any order, all NaNs being one: it is exact,
 * associative and commutative, on zeros too. Contraction: none, there are no products.
 * Readable twins: fpsem/core/reduction.py, total and greatest.
 */
#include "schedule.h"

#define FPSEM_WARP 32u

FPSEM_EXPORT __global__ void float32_sum_kernel(
    uint64_t m, float *out, const float *terms, uint64_t steps, const uint64_t *program, float *registers)
{
    for (uint64_t j = FPSEM_FIRST; j < m; j += FPSEM_STRIDE)
        out[j] = fpsem_scheduled_sum(m, j, terms, steps, program, registers);
}

/* ((x0 + x1) + x2) + ... */
FPSEM_EXPORT __global__ void float32_sum_sequential_kernel(uint64_t m, float *out, const float *terms, uint64_t n)
{
    for (uint64_t j = FPSEM_FIRST; j < m; j += FPSEM_STRIDE) {
        float sum = terms[j];
        for (uint64_t i = 1; i < n; i++)
            sum = fpsem_f32_add(sum, terms[i * m + j]);
        out[j] = sum;
    }
}

FPSEM_EXPORT __global__ void float32_max_kernel(uint64_t m, float *out, const float *terms, uint64_t n)
{
    for (uint64_t j = FPSEM_FIRST; j < m; j += FPSEM_STRIDE) {
        float most = terms[j];
        for (uint64_t i = 1; i < n; i++)
            most = fpsem_f32_maximum(most, terms[i * m + j]);
        out[j] = most;
    }
}

/* One lane's running sum: terms lane, lane + width, lane + 2 width, ... of sum j. */
FPSEM_BOTH float fpsem_lane_sum(uint64_t m, uint64_t j, const float *terms, uint64_t n, uint64_t width, uint64_t lane)
{
    float sum = terms[lane * m + j];
    for (uint64_t i = lane + width; i < n; i += width)
        sum = fpsem_f32_add(sum, terms[i * m + j]);
    return sum;
}

/* Running sums in `width` lanes, term i into lane i mod width; then lane l takes lane l + offset, the offsets being 1, 2, 4, ...
 * (up: neighbours first, the schedule Lanes) or width / 2, width / 4, ..., 1 (down: the usual reduction of a warp). The width is a
 * power of two of at most 32, and n at least the width. On a GPU a warp works on each sum, on a CPU a loop plays its lanes. */
FPSEM_EXPORT __global__ void float32_sum_warp_kernel(
    uint64_t m, float *out, const float *terms, uint64_t n, uint64_t width, uint64_t up)
{
#if defined(__CUDA_ARCH__)
    const uint64_t lane = FPSEM_FIRST % FPSEM_WARP;
    for (uint64_t j = FPSEM_FIRST / FPSEM_WARP; j < m; j += FPSEM_STRIDE / FPSEM_WARP) {
        float sum = lane < width ? fpsem_lane_sum(m, j, terms, n, width, lane) : 0.0f;
        for (uint32_t level = 1; level < width; level *= 2) {
            const uint32_t offset = up ? level : (uint32_t)width / (2 * level);
            sum = fpsem_f32_add(sum, __shfl_down_sync(0xffffffffu, sum, offset));
        }
        if (lane == 0)
            out[j] = sum;
    }
#else
    float sum[FPSEM_WARP];
    for (uint64_t j = 0; j < m; j++) {
        for (uint64_t lane = 0; lane < width; lane++)
            sum[lane] = fpsem_lane_sum(m, j, terms, n, width, lane);
        for (uint64_t level = 1; level < width; level *= 2) {
            const uint64_t offset = up ? level : width / (2 * level);
            for (uint64_t lane = 0; lane + offset < width; lane++)
                sum[lane] = fpsem_f32_add(sum[lane], sum[lane + offset]);
        }
        out[j] = sum[0];
    }
#endif
}
