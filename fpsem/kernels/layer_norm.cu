/* Op: layer_norm, of the columns of x (n, m): (x - mean) / sqrt(variance + eps), times the weight, plus the bias.
 *
 * Schedule: any, as a program (schedule.h), for the two sums. Contraction: none; each square, product and sum is rounded. Means are
 * sums divided by the count; quotients and the root are correctly rounded.
 * Readable twin: fpsem/graph/ops/layer_norm.py, meaning.
 *
 * count is n as a float; weight and bias are arrays of n, read where has_weight and has_bias are 1; squares is room for (n, m).
 */
#include "schedule.h"

FPSEM_EXPORT __global__ void float32_layer_norm_kernel(
    uint64_t m, float *out, const float *x, const float *weight, const float *bias, uint64_t n, float count, float eps,
    uint64_t has_weight, uint64_t has_bias, uint64_t steps, const uint64_t *program, float *registers, float *squares)
{
    for (uint64_t j = FPSEM_FIRST; j < m; j += FPSEM_STRIDE) {
        const float mean = fpsem_f32_div(fpsem_scheduled_sum(m, j, x, steps, program, registers), count);
        for (uint64_t i = 0; i < n; i++) {
            const float centred = fpsem_f32_sub(x[i * m + j], mean);
            out[i * m + j] = centred;
            squares[i * m + j] = fpsem_f32_mul(centred, centred);
        }
        const float variance = fpsem_f32_div(fpsem_scheduled_sum(m, j, squares, steps, program, registers), count);
        const float deviation = fpsem_f32_sqrt(fpsem_f32_add(variance, eps));
        for (uint64_t i = 0; i < n; i++) {
            float y = fpsem_f32_div(out[i * m + j], deviation);
            if (has_weight)
                y = fpsem_f32_mul(y, weight[i]);
            if (has_bias)
                y = fpsem_f32_add(y, bias[i]);
            out[i * m + j] = y;
        }
    }
}
