/* Op: softmax, of the columns of x (n, m): exp(x - max) / sum of exp(x - max), in two kernels with the exponential between them.
 *
 * Schedule: any, as a program (schedule.h), for the sum; the maximum is the same in any order. Contraction: none.
 * The exponential is a kernel of its own, since the few values that it leaves undecided are settled by the host.
 * Readable twin: fpsem/graph/ops/softmax.py, meaning.
 */
#include "schedule.h"

/* out = x - max x, the maximum over each column. */
FPSEM_EXPORT __global__ void float32_softmax_shift_kernel(uint64_t m, float *out, const float *x, uint64_t n)
{
    for (uint64_t j = FPSEM_FIRST; j < m; j += FPSEM_STRIDE) {
        float most = x[j];
        for (uint64_t i = 1; i < n; i++)
            most = fpsem_f32_maximum(most, x[i * m + j]);
        for (uint64_t i = 0; i < n; i++)
            out[i * m + j] = fpsem_f32_sub(x[i * m + j], most);
    }
}

/* out = weights / sum of weights, over each column. */
FPSEM_EXPORT __global__ void float32_softmax_divide_kernel(
    uint64_t m, float *out, const float *weights, uint64_t n, uint64_t steps, const uint64_t *program, float *registers)
{
    for (uint64_t j = FPSEM_FIRST; j < m; j += FPSEM_STRIDE) {
        const float sum = fpsem_scheduled_sum(m, j, weights, steps, program, registers);
        for (uint64_t i = 0; i < n; i++)
            out[i * m + j] = fpsem_f32_div(weights[i * m + j], sum);
    }
}
