/* Sums in any order: a schedule's tree as a program over registers, interpreted by one thread for each sum.
 *
 * A program has four words for each step: its kind, left, right and target. What a step joins are terms or registers, as its kind
 * says; the target is a register; the last step's target is the result. Term i of sum j is terms[i * m + j], register r of sum j is
 * registers[r * m + j], so that neighbouring threads read neighbouring words. A program without steps is the sum of one term.
 *
 * Contraction: none. Readable twin: fpsem/domains/_loops.py, sums; the program is fpsem/domains/_scheduled.py, program;
 * what it means is fpsem/core/reduction.py, total.
 */
#include "float32.h"

#define FPSEM_LEFT_IS_TERM(kind) ((kind) < 2u)        /* kinds: terms, term and register, register and term, registers */
#define FPSEM_RIGHT_IS_TERM(kind) (((kind) & 1u) == 0u)

FPSEM_BOTH float fpsem_scheduled_sum(
    uint64_t m, uint64_t j, const float *terms, uint64_t steps, const uint64_t *program, float *registers)
{
    float sum = terms[j];
    for (uint64_t s = 0; s < steps; s++) {
        const uint64_t *step = program + 4 * s;
        const float left = FPSEM_LEFT_IS_TERM(step[0]) ? terms[step[1] * m + j] : registers[step[1] * m + j];
        const float right = FPSEM_RIGHT_IS_TERM(step[0]) ? terms[step[2] * m + j] : registers[step[2] * m + j];
        sum = fpsem_f32_add(left, right);
        registers[step[3] * m + j] = sum;
    }
    return sum;
}
