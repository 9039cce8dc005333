/* Op: matmul. The product of a (n, k) and b (k, m), row-major, k at least 1; one thread for each of the `size` = n m entries.
 *
 * Schedules: float32_matmul_kernel any, as a program (schedule.h); float32_matmul_sequential_kernel Sequential.
 * Contraction: none where fused is 0: each product is rounded, then each sum. Where it is 1, a term on the right of a step joins by
 * one fused multiply-add, as the schedule says; nothing else is fused.
 * Readable twins: fpsem/core/schedule.py, fold_products; fpsem/domains/_loops.py, products; fpsem/graph/ops/_reduce.py, products.
 */
#include "schedule.h"

/* Entry e is row e / m, column e % m; its register r is registers[r * size + e]. */
FPSEM_EXPORT __global__ void float32_matmul_kernel(
    uint64_t size, float *out, const float *a, const float *b, uint64_t k, uint64_t m, uint64_t fused, uint64_t steps,
    const uint64_t *program, float *registers)
{
    for (uint64_t e = FPSEM_FIRST; e < size; e += FPSEM_STRIDE) {
        const float *row = a + e / m * k, *column = b + e % m;
        float sum = fpsem_f32_mul(row[0], column[0]);
        for (uint64_t s = 0; s < steps; s++) {
            const uint64_t *step = program + 4 * s;
            const uint64_t l = step[1], r = step[2];
            const float left = FPSEM_LEFT_IS_TERM(step[0]) ? fpsem_f32_mul(row[l], column[l * m]) : registers[l * size + e];
            if (!FPSEM_RIGHT_IS_TERM(step[0]))
                sum = fpsem_f32_add(left, registers[r * size + e]);
            else if (fused)
                sum = fpsem_f32_fma(row[r], column[r * m], left);
            else
                sum = fpsem_f32_add(left, fpsem_f32_mul(row[r], column[r * m]));
            registers[step[3] * size + e] = sum;
        }
        out[e] = sum;
    }
}

FPSEM_EXPORT __global__ void float32_matmul_sequential_kernel(
    uint64_t size, float *out, const float *a, const float *b, uint64_t k, uint64_t m, uint64_t fused)
{
    for (uint64_t e = FPSEM_FIRST; e < size; e += FPSEM_STRIDE) {
        const float *row = a + e / m * k, *column = b + e % m;
        float sum = fpsem_f32_mul(row[0], column[0]);
        for (uint64_t i = 1; i < k; i++) {
            if (fused)
                sum = fpsem_f32_fma(row[i], column[i * m], sum);
            else
                sum = fpsem_f32_add(sum, fpsem_f32_mul(row[i], column[i * m]));
        }
        out[e] = sum;
    }
}
