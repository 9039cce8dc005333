"""The independent checker of certificates: standard library only, nothing of fpsem, to be read in one sitting.

``check`` reads a certificate and its model, works out every bound anew in rational numbers, and accepts only when each equals
the certificate's and every margin is positive. Why that suffices: an interval operation takes the least and greatest exact
result over its operands' ends and rounds these, in "real" to binary64 outward (so real values stay inside), in "binary32" to
nearest even, once for each operation in the schedule's order (rounding is monotone, so every execution stays inside).
Anything that is not known here is refused: an op, an attribute, a schedule, a field, an overflow, a number that is not finite.

Trusted: this file, Python's integers, Fraction, json, hashlib and struct. Run it alone: python checker.py CERT.json [MODEL.json]
Source: IEEE 754-2019 clause 4.3; the safetensors format (8 bytes of header length, a JSON header, the data).
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any

FIELDS = {"format", "claim", "model", "graph_sha256", "payload_sha256", "input", "output", "label", "semantics", "schedule",
          "rule", "box", "enclosures", "margins"}  # fmt: skip
FORMATS = {"real": (53, -1022, 1023), "binary32": (24, -126, 127)}  # precision, least and greatest exponent
SIZES = {"sequential": "", "reverse": "", "pairwise": "leaf", "lanes": "width", "blocked": "block"}  # of each schedule
Interval = tuple[Fraction, Fraction]
ZERO: Interval = (Fraction(0), Fraction(0))


class Refused(Exception):
    """Why a certificate is not accepted."""


def require(holds: bool, reason: str) -> None:
    if not holds:
        raise Refused(reason)


def rounded(x: Fraction, semantics: str, side: int) -> Fraction:
    """x on the semantics' grid: binary64 rounded down (side -1) or up (side 1); or the nearest binary32, ties to even."""
    precision, emin, emax = FORMATS[semantics]
    n, d = abs(x.numerator), x.denominator
    e = n.bit_length() - d.bit_length()  # 2**(e-1) < |x| < 2**(e+1)
    e -= (n << max(-e, 0)) < (d << max(e, 0))
    unit = max(e, emin) - precision + 1
    q, r = divmod(n << max(-unit, 0), d := d << max(unit, 0))
    away = (2 * r, q % 2) > (d, 0) if semantics == "binary32" else r > 0 and (x > 0) == (side > 0)
    size = Fraction(q + away) * Fraction(2) ** unit if r else abs(x)
    require(e < emax or size < 2 ** (emax + 1), "a bound overflows")
    return -size if x < 0 else size


class Tensor:
    """A shape and as many intervals, in C order."""

    def __init__(self, shape: Any, values: list[Interval]) -> None:
        self.shape, self.values = tuple(shape), values
        require(len(values) == math.prod(self.shape), f"{len(values)} elements do not fill shape {list(self.shape)}")

    @staticmethod
    def of(shape: Any, element: Callable[[tuple[int, ...]], Interval]) -> Tensor:
        return Tensor(shape, [element(index) for index in product(*map(range, shape))])

    def at(self, index: Any) -> Interval:
        flat = 0
        for i, n in zip(index, self.shape, strict=True):
            flat = flat * n + i
        return self.values[flat]


class Meaning:
    """What primitives mean in one semantics and schedule; and what those ops mean that are not elementwise."""

    def __init__(self, semantics: str, schedule: dict[str, Any]) -> None:
        self.semantics, self.kind, self.fused = semantics, schedule["schedule"], schedule["fused"]
        self.size = schedule.get(SIZES[self.kind], 0)

    def outward(self, lo: Fraction, hi: Fraction) -> Interval:
        return rounded(lo, self.semantics, -1), rounded(hi, self.semantics, 1)

    def add(self, x: Interval, y: Interval) -> Interval:
        return self.outward(x[0] + y[0], x[1] + y[1])

    def sub(self, x: Interval, y: Interval) -> Interval:
        return self.outward(x[0] - y[1], x[1] - y[0])

    def fma(self, x: Interval, y: Interval, z: Interval = ZERO) -> Interval:
        corners = [a * b for a in (x if x[0] != x[1] else x[:1]) for b in (y if y[0] != y[1] else y[:1])]
        return self.outward(min(corners) + z[0], max(corners) + z[1])

    def over(self, x: Interval, count: int) -> Interval:
        quotients = [a / b for a in x for b in self.outward(Fraction(count), Fraction(count))]
        return self.outward(min(quotients), max(quotients))

    def total(self, terms: list[Interval], pairs: list[Any] | None = None) -> Interval:
        """The sum in the schedule's order; fused, a product on the right of a step joins by one multiply-add."""
        items, size = list[Any](zip(terms, pairs if pairs and self.fused else [None] * len(terms))), self.size

        def join(left: Any, right: Any) -> Any:
            return (self.fma(right[1][0], right[1][1], left[0]) if right[1] else self.add(left[0], right[0])), None

        def halves(items: list[Any], leaf: int) -> Any:
            middle = (len(items) + 1) // 2
            return reduce(join, items) if len(items) <= leaf else join(halves(items[:middle], leaf), halves(items[middle:], leaf))

        if self.kind == "blocked":
            items = [reduce(join, items[i : i + size]) for i in range(0, len(items), size)]
        if self.kind == "lanes":
            items, size = [reduce(join, items[i::size]) for i in range(min(size, len(items)))], 1
        if self.kind in ("pairwise", "lanes"):
            items = [halves(items, size)]
        return reduce(join, items[::-1] if self.kind == "reverse" else items)[0]  # type: ignore[no-any-return]

    def dot(self, xs: Any, ys: Any) -> Interval:
        pairs = list(zip(xs, ys, strict=True))
        return self.total([self.fma(x, y) for x, y in pairs], pairs)

    def each(self, f: Callable[..., Interval], *xs: Tensor) -> Tensor:
        require(len({x.shape for x in xs}) == 1, "the shapes of the inputs differ")
        return Tensor(xs[0].shape, [f(*row) for row in zip(*(x.values for x in xs))])

    def clip(self, x: Tensor, low: float | None, high: float | None) -> Tensor:
        bottom, top = (None if v is None else self.outward(Fraction(v), Fraction(v)) for v in (low, high))
        above = self.each(lambda a: larger(a, bottom or a), x)
        return self.each(lambda a: (min(a[0], (top or a)[0]), min(a[1], (top or a)[1])), above)

    def reshape(self, x: Tensor, shape: list[int]) -> Tensor:
        known = math.prod(n for n in shape if n != -1)
        return Tensor([len(x.values) // max(known, 1) if n == -1 else n for n in shape], x.values)

    def transpose(self, x: Tensor, axes: list[int] | None = None) -> Tensor:
        order = [i % len(x.shape) for i in (range(len(x.shape))[::-1] if axes is None else axes)]
        require(sorted(order) == list(range(len(x.shape))), "axes must name each dimension once")
        return Tensor.of([x.shape[i] for i in order], lambda at: x.at(at[order.index(i)] for i in range(len(order))))

    def slice(self, x: Tensor, starts: list[int], stops: list[int], steps: list[int]) -> Tensor:
        kept = [range(n)[slice(*ends)] for n, ends in zip(x.shape, zip(starts, stops, steps, strict=True))]
        kept += [range(n) for n in x.shape[len(kept) :]]
        return Tensor.of([len(k) for k in kept], lambda at: x.at(k[i] for k, i in zip(kept, at)))

    def concat(self, *xs: Tensor, axis: int) -> Tensor:
        d = axis % len(xs[0].shape)
        require(len({(*x.shape[:d], *x.shape[d + 1 :]) for x in xs}) == 1, "the shapes differ outside the axis")
        rows = [(x, i) for x in xs for i in range(x.shape[d])]
        shape = (*xs[0].shape[:d], len(rows), *xs[0].shape[d + 1 :])
        return Tensor.of(shape, lambda at: rows[at[d]][0].at((*at[:d], rows[at[d]][1], *at[d + 1 :])))

    def broadcast_to(self, x: Tensor, shape: Any) -> Tensor:
        lead = len(shape) - len(x.shape)
        require(lead >= 0 and all(n in (1, m) for n, m in zip(x.shape, shape[lead:])), "the shape does not broadcast")
        return Tensor.of(shape, lambda at: x.at(i if n > 1 else 0 for i, n in zip(at[lead:], x.shape)))

    def sum(self, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
        rank = len(x.shape)
        parts: dict[tuple[int, ...], list[Interval]] = {}
        axes = {range(rank)[i] for i in (range(rank) if axis is None else [axis] if isinstance(axis, int) else axis)}
        for index, value in zip(product(*map(range, x.shape)), x.values):
            parts.setdefault(tuple(i for n, i in enumerate(index) if n not in axes), []).append(value)
        shape = [1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes]
        return Tensor(shape, [self.total(terms) for terms in parts.values()])

    def mean(self, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
        total = self.sum(x, axis, keepdims)
        return Tensor(total.shape, [self.over(v, len(x.values) // len(total.values)) for v in total.values])

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        (*xl, n, k), (*yl, rows, m) = x.shape, y.shape
        require(k == rows and (not xl or not yl or xl == yl), "the matrices do not fit")

        def entry(at: tuple[int, ...]) -> Interval:
            left, right = at[:-2] if xl else (), at[:-2] if yl else ()
            return self.dot([x.at((*left, at[-2], i)) for i in range(k)], [y.at((*right, i, at[-1])) for i in range(k)])
        return Tensor.of((*(xl or yl), n, m), entry)

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        total = self.matmul(self.reshape(x, [-1, x.shape[-1]]), self.transpose(weight))
        y = Tensor((*x.shape[:-1], weight.shape[0]), total.values)
        return self.each(self.add, y, self.broadcast_to(bias, y.shape)) if bias else y

    def windows(self, x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any = (1, 1)) -> tuple[Any, Any]:
        """The shape of the places, and what the kernel sees of one channel from a place: None on the padding."""
        require(all(len(v) == 2 for v in (x.shape[2:], kernel, stride, padding, dilation)), "an image is (N, C, H, W)")
        size = x.shape[2:]
        counts = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(size, kernel, stride, padding, dilation)]

        def seen(n: int, c: int, *place: int) -> list[Interval | None]:
            at = zip(place, kernel, stride, padding, dilation)
            rows, columns = ([o * s - p + d * i for i in range(k)] for o, k, s, p, d in at)
            return [x.at((n, c, i, j)) if 0 <= i < size[0] and 0 <= j < size[1] else None for i in rows for j in columns]

        return (*x.shape[:2], *counts), seen

    def unfold(self, x: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Tensor:
        (n, c, *counts), seen = self.windows(x, kernel, stride, padding, dilation)
        found, k = {place: seen(*place) for place in product(*map(range, (n, c, *counts)))}, math.prod(kernel)
        shape = (n, c * k, math.prod(counts))
        return Tensor.of(shape, lambda at: found[at[0], at[1] // k, *divmod(at[2], counts[1])][at[1] % k] or ZERO)

    def conv2d(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, *, groups: int, **window: Any) -> Tensor:
        (n, _, *counts), _ = self.windows(x, weight.shape[2:], **window)
        columns, channels, k = self.unfold(x, weight.shape[2:], **window), weight.shape[0], math.prod(weight.shape[1:])
        require(columns.shape[1] == k * groups and channels % groups == 0, "x, weight and groups do not fit")

        def entry(at: tuple[int, ...]) -> Interval:
            first, place = at[1] // (channels // groups) * k, at[2] * counts[1] + at[3]
            seen = [columns.at((at[0], row, place)) for row in range(first, first + k)]
            total = self.dot(seen, weight.values[at[1] * k : at[1] * k + k])
            return self.add(total, bias.at(at[1:2])) if bias else total
        return Tensor.of((n, channels, *counts), entry)

    def pool(self, x: Tensor, kernel: Any, stride: Any, padding: Any, count_include_pad: bool | None) -> Tensor:
        """The mean over each window; or the maximum, where nothing is said of the count."""
        shape, seen = self.windows(x, kernel, stride or kernel, padding)

        def entry(at: tuple[int, ...]) -> Interval:
            window = seen(*at)
            there: list[Interval] = [v for v in window if v]
            if count_include_pad is None:
                return reduce(larger, there)
            return self.over(self.total([v or ZERO for v in window]), len(window if count_include_pad else there))
        return Tensor.of(shape, entry)


def larger(x: Interval, y: Interval) -> Interval:
    return max(x[0], y[0]), max(x[1], y[1])


OPS: dict[str, Callable[..., Tensor]] = {
    "abs": lambda m, x: m.each(lambda a: (max(a[0], -a[1], Fraction(0)), max(-a[0], a[1])), x),
    "add": lambda m, x, y: m.each(m.add, x, y), "sub": lambda m, x, y: m.each(m.sub, x, y),
    "mul": lambda m, x, y: m.each(m.fma, x, y), "neg": lambda m, x: m.each(lambda a: (-a[1], -a[0]), x),
    "maximum": lambda m, x, y: m.each(larger, x, y), "relu": lambda m, x: m.each(lambda a: larger(a, ZERO), x),
    "minimum": lambda m, x, y: m.each(lambda a, b: (min(a[0], b[0]), min(a[1], b[1])), x, y),
    "max_pool2d": lambda m, x, kernel, stride, padding: m.pool(x, kernel, stride, padding, None), "avg_pool2d": Meaning.pool,
    "broadcast_to": Meaning.broadcast_to, "clip": Meaning.clip, "concat": Meaning.concat, "conv2d": Meaning.conv2d,
    "linear": Meaning.linear, "matmul": Meaning.matmul, "mean": Meaning.mean, "reshape": Meaning.reshape, "slice": Meaning.slice,
    "sum": Meaning.sum, "transpose": Meaning.transpose, "unfold": Meaning.unfold,
}  # fmt: skip


def read_json(data: bytes, what: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        require(len(dict(pairs)) == len(pairs), f"{what}: a key comes twice in the object of {', '.join(k for k, _ in pairs)}")
        return dict(pairs)

    return json.loads(data, object_pairs_hook=unique, parse_constant=lambda name: require(False, f"{what}: {name} is no number"))


def read_payload(data: bytes) -> tuple[dict[str, Tensor], str]:
    """The tensors of a safetensors file, as points, and the hash of their sorted names, shapes and bits."""
    (length,) = struct.unpack("<Q", data[:8])
    header, body = read_json(data[8 : 8 + length], "the payload's header"), data[8 + length :]
    header.pop("__metadata__", None)
    tensors, digest, reached = {}, hashlib.sha256(), 0
    for name, entry in sorted(header.items(), key=lambda item: (item[1]["data_offsets"], item[0])):
        start, stop = entry["data_offsets"]
        require(start == reached <= stop, f"parameter {name!r}: its data does not follow the one before")
        require(entry["dtype"] == "F32", f"parameter {name!r} has dtype {entry['dtype']}, not F32")
        numbers = struct.unpack(f"<{(stop - start) // 4}f", body[start:stop])
        require(all(map(math.isfinite, numbers)), f"parameter {name!r} holds a number that is not finite")
        tensors[name], reached = Tensor(entry["shape"], [(Fraction(v),) * 2 for v in numbers]), stop
    require(reached == len(body), "the payload holds more data than its header says")
    for name, entry in sorted(header.items()):
        digest.update(json.dumps([name, entry["shape"]]).encode() + body[slice(*entry["data_offsets"])])
    return tensors, digest.hexdigest()


def number(text: Any, semantics: str, where: str) -> Fraction:
    """A finite number of the semantics' format, written as ``float.hex`` does."""
    value = float.fromhex(text) if isinstance(text, str) else math.nan
    require(math.isfinite(value) and (value + 0.0).hex() == text, f"{where}: {text!r} is no finite number as float.hex writes it")
    require(rounded(Fraction(value), semantics, 1) == Fraction(value), f"{where}: {text} is not a number of {semantics}")
    return Fraction(value)


def evaluate(index: int, node: dict[str, Any], given: list[Tensor], leaves: dict[Any, Tensor], meaning: Meaning) -> Tensor:
    op, attributes, where = node["op"], node.get("attributes", {}), f"node %{index} ({node['op']})"
    require(set(node) <= {"op", "inputs", "attributes", "shape", "label"}, f"{where}: it has a field that is not known")
    try:
        if op in ("input", "parameter"):
            require((op, attributes["name"]) in leaves, f"there is no {op} {attributes['name']!r}")
            value = leaves[op, attributes["name"]]
        elif op == "constant":
            ends = [number(text, "binary32", "a value") for text in attributes["values"]]
            value = Tensor(attributes["shape"], [(end, end) for end in ends])
        else:
            require(op in OPS, "this checker does not know the op")
            value = OPS[op](meaning, *given, **attributes)
        require(value.shape == tuple(node["shape"]), f"shape {node['shape']} is declared, {list(value.shape)} follows")
        return value
    except (Refused, ValueError, TypeError, KeyError, IndexError) as error:
        raise Refused(f"{where}: {error}") from None


def margins(values: dict[int, Tensor], last: int, inputs: list[int], folded: bool, label: int, m: Meaning) -> list[str | None]:
    """For each class the margin's lower end; folded: of the last layer's rows subtracted first, else of its value."""
    if folded:
        hidden, weight, *bias = (values[i] for i in inputs)
        k = len(hidden.values)
        rows = [weight.values[i : i + k] for i in range(0, len(weight.values), k)]
        found = [m.dot(hidden.values, map(m.sub, rows[label], row)) for row in rows]
        for b in bias:
            found = [m.add(total, m.sub(b.values[label], v)) for total, v in zip(found, b.values)]
    else:
        found = [(rounded(values[last].values[label][0] - v[1], "real", -1), v[1]) for v in values[last].values]
    return [None if j == label else float(low).hex() for j, (low, _) in enumerate(found)]


def claim(c: dict[str, Any], classes: int) -> str:
    schedule = c["schedule"] and json.dumps(c["schedule"], sort_keys=True)
    how = "in real numbers" if schedule is None else f"in binary32, round to nearest even, sums in the order {schedule}"
    which = f"For every {c['semantics']} input {c['input']!r} with each element between the ends of the box"
    greater = f"element {c['label']} of output {c['output']!r} is greater than each of the other {classes - 1}"
    return f"{which}, {greater}, computed {how}."


def meaning_of(c: dict[str, Any]) -> Meaning:
    require(c["format"] == "fpsem.certificate.v1", f"format {c['format']!r} is not known")
    require(c["rule"] == "interval" and c["semantics"] in FORMATS, f"rule {c['rule']!r}, semantics {c['semantics']!r}: not known")
    schedule = {"schedule": "sequential", "fused": False} if c["semantics"] == "real" else c["schedule"]
    require((c["schedule"] is None) == (c["semantics"] == "real"), "a schedule belongs to binary32, and to that only")
    kind = str(schedule["schedule"])
    known = kind in SIZES and set(schedule) == {"schedule", "fused", SIZES[kind]} - {""} and type(schedule["fused"]) is bool
    size = schedule.get(SIZES[kind], 1) if known else 0
    require(known and type(size) is int and size > 0, f"schedule {schedule} is not known")
    return Meaning(c["semantics"], schedule)


def verify(c: dict[str, Any], graph: dict[str, Any], tensors: dict[str, Tensor]) -> list[str]:
    meaning, nodes, box = meaning_of(c), graph["nodes"], c["box"]
    require(set(graph) == {"format", "nodes", "outputs"} and graph["format"] == "fpsem.ir.v1", "the graph's format is not known")
    last, label = graph["outputs"][c["output"]], c["label"]
    classes = nodes[last]["shape"][-1]
    require(math.prod(nodes[last]["shape"]) == classes > 1, "the output is not one row of classes")
    require(type(label) is int and 0 <= label < classes, f"label {label!r} is not one of {classes} classes")
    require(c["claim"] == claim(c, classes), f"the claim is not what is certified, which is: {claim(c, classes)}")
    require(set(box) == {"lo", "hi"} and len(box["lo"]) == len(box["hi"]), "the box must be as many ends 'lo' as 'hi'")
    ends = [[number(t, c["semantics"], f"box element {i}, {end}") for i, t in enumerate(box[end])] for end in ("lo", "hi")]
    require(all(lo <= hi for lo, hi in zip(*ends)), "the box is empty")
    (shape,) = (n["shape"] for n in nodes if n["op"] == "input")
    leaves = {("input", c["input"]): Tensor(shape, list(zip(*ends))), **{("parameter", name): t for name, t in tensors.items()}}
    moving = set[int]()  # the nodes that depend on the input
    for i, node in enumerate(nodes):
        require(all(type(j) is int and 0 <= j < i for j in node["inputs"]), f"node %{i}: an input does not come before it")
        moving |= {i} if node["op"] == "input" or moving & set(node["inputs"]) else set()
    folded = nodes[last]["op"] == "linear" and not moving & set(nodes[last]["inputs"][1:]) and c["semantics"] == "real"
    needed = set(nodes[last]["inputs"]) if folded else {last}
    for i in reversed(range(len(nodes))):
        needed |= set(nodes[i]["inputs"]) if i in needed else set()
    way = [str(i) for i in sorted(needed & moving)]
    require(list(c["enclosures"]) == way, f"enclosures of nodes {list(c['enclosures'])} are given, those of {way} are needed")
    values: dict[int, Tensor] = {}
    reasons: list[str] = []
    for i in sorted(needed):
        values[i] = evaluate(i, nodes[i], [values[j] for j in nodes[i]["inputs"]], leaves, meaning)
        if i in moving:
            given, where = c["enclosures"][str(i)], f"node %{i} ({nodes[i]['op']})"
            require(set(given) == {"lo", "hi"}, f"{where}: an enclosure is 'lo' and 'hi'")
            for side, end in enumerate(("lo", "hi")):
                reasons += differences(f"{where}, {end}", given[end], [float(v[side]).hex() for v in values[i].values])
    low = margins(values, last, nodes[last]["inputs"], folded, label, meaning)
    reasons += differences("margins", c["margins"], low)
    return reasons + [f"margins, element {j}: {t} is not positive" for j, t in enumerate(low) if t and float.fromhex(t) <= 0]


def differences(where: str, given: list[Any], follows: list[Any]) -> list[str]:
    require(len(given) == len(follows), f"{where}: {len(given)} elements are given, there are {len(follows)}")
    return [f"{where}, element {i}: {a!r} is given, {b!r} follows" for i, (a, b) in enumerate(zip(given, follows)) if a != b]


def check(certificate: str | Path, model: str | Path | None = None) -> list[str]:
    """Check a certificate.

    Args: its file; and NAME, NAME.json or NAME.safetensors of the model, by default the one that it names, beside it.
    Returns: the reasons why it is refused; none when every bound has been worked out anew and the claim holds.
    """
    try:
        c = read_json(Path(certificate).read_bytes(), "the certificate")
        require(set(c) == FIELDS, f"fields missing or not known: {', '.join(sorted(set(c) ^ FIELDS))}")
        path = Path(model) if model is not None else Path(certificate).parent / c["model"]
        stem = path.name.removesuffix(".json").removesuffix(".safetensors")
        graph = read_json(path.with_name(stem + ".json").read_bytes(), "the graph")
        tensors, payload_hash = read_payload(path.with_name(stem + ".safetensors").read_bytes())
        found = hashlib.sha256(json.dumps(graph, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        require(c["graph_sha256"] == found, f"the certificate is of another graph: {c['graph_sha256']}, this one is {found}")
        require(c["payload_sha256"] == payload_hash, f"the certificate is of another payload, this one is {payload_hash}")
        return verify(c, graph, tensors)
    except Refused as reason:
        return [str(reason)]
    except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError, struct.error) as error:
        return [f"malformed: {type(error).__name__}: {error}"]


if __name__ == "__main__":
    sys.exit("\n".join(check(*sys.argv[1:])) or 0)
