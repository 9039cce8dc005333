"""Loops of scheduled sums over vectors, written over ``add``, ``sub``, ``mul`` and ``fma`` of scalars.

``_scheduled`` prints the loops after other definitions of these four, and numba compiles them for one kind of scalar: the
machine's floats, or codes of binary32. The definitions here are for reading, and for running them in plain Python.

A program is a row for each step: its kind, left, right and target. What a step joins are terms or registers, as its kind says;
the target is a register, the left operand's or the right one's where they are registers, so that a vector is never read where
it is written but at the same place, which lets LLVM vectorise. Indices are unsigned and arrays are indexed whole, for what
numba does to negative indices and to views costs more than the arithmetic.
"""

from __future__ import annotations

from typing import Any

TERMS, TERM_REGISTER, REGISTER_TERM, REGISTERS = range(4)
"""The kinds of steps: what is on the left and on the right."""


def add(x: Any, y: Any) -> Any:
    """x + y."""
    return x + y


def sub(x: Any, y: Any) -> Any:
    """x - y."""
    return x - y


def mul(x: Any, y: Any) -> Any:
    """x * y."""
    return x * y


def fma(x: Any, y: Any, z: Any) -> Any:
    """x * y + z; rounded once, where scalars are rounded."""
    return x * y + z


def sums(terms: Any, program: Any, registers: Any) -> None:
    """Sum the rows of terms (n, m), n at least 2, over registers (r, m); the result is left in the last step's register."""
    for step in range(program.shape[0]):
        kind, left, right, t = program[step, 0], program[step, 1], program[step, 2], program[step, 3]
        if kind == TERMS:
            for j in range(terms.shape[1]):
                registers[t, j] = add(terms[left, j], terms[right, j])
        elif kind == TERM_REGISTER:
            for j in range(terms.shape[1]):
                registers[t, j] = add(terms[left, j], registers[t, j])
        elif kind == REGISTER_TERM:
            for j in range(terms.shape[1]):
                registers[t, j] = add(registers[t, j], terms[right, j])
        else:
            for j in range(terms.shape[1]):
                registers[t, j] = add(registers[t, j], registers[right, j])


def step_of_products(a: Any, b: Any, kind: int, left: int, right: int, t: int, registers: Any, fused: bool) -> None:
    """One step of a matrix product."""
    n, m = a.shape[0], b.shape[1]
    for i in range(n):
        if kind == TERMS and fused:
            for j in range(m):
                registers[t, i, j] = fma(a[i, right], b[right, j], mul(a[i, left], b[left, j]))
        elif kind == TERMS:
            for j in range(m):
                registers[t, i, j] = add(mul(a[i, left], b[left, j]), mul(a[i, right], b[right, j]))
        elif kind == TERM_REGISTER:
            for j in range(m):
                registers[t, i, j] = add(mul(a[i, left], b[left, j]), registers[t, i, j])
        elif kind == REGISTER_TERM and fused:
            for j in range(m):
                registers[t, i, j] = fma(a[i, right], b[right, j], registers[t, i, j])
        elif kind == REGISTER_TERM:
            for j in range(m):
                registers[t, i, j] = add(registers[t, i, j], mul(a[i, right], b[right, j]))
        else:
            for j in range(m):
                registers[t, i, j] = add(registers[t, i, j], registers[right, i, j])


def products(a: Any, b: Any, program: Any, registers: Any, fused: bool) -> None:
    """The matrix product of (n, k) and (k, m), k at least 2, over registers (r, n, m), as ``sums`` leaves it."""
    for step in range(program.shape[0]):
        kind, left, right, t = program[step, 0], program[step, 1], program[step, 2], program[step, 3]
        step_of_products(a, b, kind, left, right, t, registers, fused)


def are_a_chain(program: Any, step: int) -> bool:
    """Whether eight steps from this one on each add a term to one register."""
    if step + 8 > program.shape[0]:
        return False
    for i in range(step, step + 8):  # noqa: SIM110  numba has no all
        if program[i, 0] != REGISTER_TERM or program[i, 3] != program[step, 3]:
            return False
    return True


def fused_chain(a: Any, b: Any, program: Any, step: int, registers: Any) -> None:
    """Eight steps of a chain: sums are read and written once for eight terms."""
    k0, k1, k2, k3 = program[step, 2], program[step + 1, 2], program[step + 2, 2], program[step + 3, 2]
    k4, k5, k6, k7 = program[step + 4, 2], program[step + 5, 2], program[step + 6, 2], program[step + 7, 2]
    t = program[step, 3]
    for i in range(a.shape[0]):
        x0, x1, x2, x3, x4, x5, x6, x7 = a[i, k0], a[i, k1], a[i, k2], a[i, k3], a[i, k4], a[i, k5], a[i, k6], a[i, k7]
        for j in range(b.shape[1]):
            total = fma(x1, b[k1, j], fma(x0, b[k0, j], registers[t, i, j]))
            total = fma(x3, b[k3, j], fma(x2, b[k2, j], total))
            total = fma(x5, b[k5, j], fma(x4, b[k4, j], total))
            registers[t, i, j] = fma(x7, b[k7, j], fma(x6, b[k6, j], total))


def separate_chain(a: Any, b: Any, program: Any, step: int, registers: Any) -> None:
    """The same, products rounded on their own."""
    k0, k1, k2, k3 = program[step, 2], program[step + 1, 2], program[step + 2, 2], program[step + 3, 2]
    k4, k5, k6, k7 = program[step + 4, 2], program[step + 5, 2], program[step + 6, 2], program[step + 7, 2]
    t = program[step, 3]
    for i in range(a.shape[0]):
        x0, x1, x2, x3, x4, x5, x6, x7 = a[i, k0], a[i, k1], a[i, k2], a[i, k3], a[i, k4], a[i, k5], a[i, k6], a[i, k7]
        for j in range(b.shape[1]):
            total = add(add(registers[t, i, j], mul(x0, b[k0, j])), mul(x1, b[k1, j]))
            total = add(add(total, mul(x2, b[k2, j])), mul(x3, b[k3, j]))
            total = add(add(total, mul(x4, b[k4, j])), mul(x5, b[k5, j]))
            registers[t, i, j] = add(add(total, mul(x6, b[k6, j])), mul(x7, b[k7, j]))


def chained_products(a: Any, b: Any, program: Any, registers: Any, fused: bool) -> None:
    """The same as ``products``, eight steps of a chain at a time."""
    step = 0
    while step < program.shape[0]:
        if not are_a_chain(program, step):
            kind, left, right, t = program[step, 0], program[step, 1], program[step, 2], program[step, 3]
            step_of_products(a, b, kind, left, right, t, registers, fused)
            step += 1
            continue
        if fused:
            fused_chain(a, b, program, step, registers)
        else:
            separate_chain(a, b, program, step, registers)
        step += 8


def compensated_sums(terms: Any, running: Any, errors: Any) -> None:
    """Sum the rows of terms (n, m), n at least 2, with the errors of the additions; both are vectors, the sum is their sum."""
    for j in range(terms.shape[1]):
        running[j] = terms[0, j]
    for i in range(1, terms.shape[0]):
        for j in range(terms.shape[1]):
            a, b = running[j], terms[i, j]
            s = add(a, b)
            moved = sub(s, a)
            error = add(sub(a, sub(s, moved)), sub(b, moved))
            running[j] = s
            errors[j] = error if i == 1 else add(errors[j], error)
    for j in range(terms.shape[1]):
        running[j] = add(running[j], errors[j])


def compensated_products(a: Any, b: Any, minus_a: Any, running: Any, excess: Any) -> None:
    """The matrix product of (n, k) and (k, m), k at least 2, less what products and sums are too much."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            product = mul(a[i, 0], b[0, j])
            running[i, j], excess[i, j] = product, fma(minus_a[i, 0], b[0, j], product)
        for k in range(1, a.shape[1]):
            for j in range(b.shape[1]):
                x, y = running[i, j], mul(a[i, k], b[k, j])
                s = add(x, y)
                moved = sub(s, x)
                error = add(sub(x, sub(s, moved)), sub(y, moved))
                running[i, j] = s
                excess[i, j] = add(excess[i, j], sub(fma(minus_a[i, k], b[k, j], y), error))
        for j in range(b.shape[1]):
            running[i, j] = sub(running[i, j], excess[i, j])
