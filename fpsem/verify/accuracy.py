"""Certified accuracy: of how many images the label is proved to win over a box, and of how many an attack finds nothing.

For each radius ``certified <= robust <= resisted``, where the number of robust images is not known: a proof bounds it from below,
a failed attack from above. Attacks run in binary32; a real value may differ from it by a rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem.core.errors import PayloadError
from fpsem.core.protocol import Array
from fpsem.core.schedule import Schedule, Sequential
from fpsem.domains.numpy_float32 import NumPyFloat32
from fpsem.graph.ir import Graph
from fpsem.rand import Key, key
from fpsem.verify.attack import candidates, loses, outputs_at
from fpsem.verify.batch import batched
from fpsem.verify.box import Radius, input_box, radius_of
from fpsem.verify.propagate import propagate, way_of
from fpsem.verify.robustness import check_label, domain_of


@dataclass(frozen=True)
class Row:
    """What was found at one radius.

    Args:
        radius: of the boxes.
        certified: of how many images the label is proved to win over the whole box.
        resisted: of how many images no input that was tried makes the label lose.
    """

    radius: str
    certified: int
    resisted: int


@dataclass(frozen=True)
class CertifiedAccuracy:
    """A table with a row for each radius.

    Args:
        images: how many images there are.
        accurate: of how many the label wins at the image itself, in binary32.
        samples: how many inputs of each box were tried.
        semantics: of the proofs.
        schedule: of the sums of the executions.
        rows: what was found.
    """

    images: int
    accurate: int
    samples: int
    semantics: str
    schedule: str
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for ``json.dumps``."""
        return asdict(self)

    def __str__(self) -> str:
        head = f"{self.images} images, {self.accurate} classified as labelled; {self.semantics}, {self.schedule}"
        lines = [f"radius {r.radius:>10}  certified {r.certified:>6}  not broken by attack {r.resisted:>6}" for r in self.rows]
        return "\n".join([head, *lines])


def certified_accuracy(
    graph: Graph,
    params: Mapping[str, Any],
    images: npt.NDArray[np.float32],
    labels: Array,
    radii: Sequence[Radius],
    semantics: str = "real",
    schedule: Schedule | str = Sequential(),
    clip: tuple[Radius, Radius] | None = None,
    samples: int = 16,
    seed: int = 0,
    batch: int = 100,
) -> CertifiedAccuracy:
    """Count the images whose label wins over a box, proved, and those of which an attack does not break it.

    Args:
        graph: one input of one row; one output, a number for each class.
        params: float32 tensors by parameter name.
        images: (images, ...) float32, each as many numbers as the graph's input has.
        labels: (images,) integers, the class of each.
        radii: of the boxes about each image; see ``fpsem.verify.box``.
        semantics: "real" or "binary32", of the proofs.
        schedule: the order of sums in binary32, of the attacks too.
        clip: the least and greatest value of an input, such as (0, 1).
        samples: how many inputs the attack tries in each box, the image first.
        seed: of these inputs; an image's do not depend on the batch.
        batch: how many images are propagated at once.

    Raises:
        PayloadError: the graph, an image, a label or a radius does not fit.
        UnknownNameError: no such semantics or schedule.
    """
    way, domain = way_of(graph, semantics), domain_of(semantics, schedule)
    (shape,) = graph.inputs.values()
    rows = _rows(images, shape)
    classes = np.asarray(labels).astype(np.int64)
    if classes.shape != (len(rows),):
        raise PayloadError(f"there are {len(rows)} images and labels of shape {classes.shape}")
    for label in np.unique(classes):
        check_label(int(label), way)
    fast = NumPyFloat32(schedule=domain.schedule)
    accurate = _resisted(graph, params, rows[:, None], classes, fast, batch * samples)
    found = []
    for radius in radii:
        box = input_box(rows, radius, semantics, clip)
        drawn = _drawn(rows, input_box(rows, radius, "binary32", clip), samples, key(seed).split(str(radius_of(radius))))
        proved = [
            _proved(graph, params, (box[0][at], box[1][at]), classes[at], domain) for at in _chunks(len(rows), batch)
        ]
        resisted = _resisted(graph, params, drawn, classes, fast, batch * samples)
        found.append(Row(str(radius), int(np.concatenate(proved).sum()), int(resisted.sum())))
    return CertifiedAccuracy(len(rows), int(accurate.sum()), samples, semantics, str(domain.schedule), tuple(found))


def _rows(images: npt.NDArray[np.float32], shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The images, each in the shape of a row of the graph's input."""
    if shape[:1] != (1,) or images.dtype != np.float32 or len(images) < 1 or images[0].size != int(np.prod(shape)):
        raise PayloadError(f"images {images.shape} of {images.dtype} do not fit the input {shape}: float32, one row each")
    return images.reshape(len(images), *shape[1:])


def _chunks(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _drawn(
    rows: npt.NDArray[np.float32], box: tuple[Array, Array], samples: int, base: Key
) -> npt.NDArray[np.float32]:
    """(images, samples, ...) inputs, each image's from a key of its own."""
    low, high = box
    return np.stack([candidates(x, (low[i], high[i]), samples, base.split(i)) for i, x in enumerate(rows)])


def _proved(graph: Graph, params: Mapping[str, Any], box: tuple[Array, Array], labels: Array, domain: Any) -> Array:
    """For each image whether interval propagation proves that its label wins."""
    whole = batched(graph, len(labels))
    if whole is None:
        parts = [(tuple(end[i : i + 1] for end in box), labels[i : i + 1]) for i in range(len(labels))]
        return np.concatenate([_proved(graph, params, part, label, domain) for part, label in parts])  # type: ignore[arg-type]
    bounds = propagate(way_of(whole, domain.semantics), params, box, labels, domain)
    return np.asarray(bounds.bounded & (bounds.margins > 0).all(axis=1))


def _resisted(graph: Graph, params: Mapping[str, Any], points: Array, labels: Array, domain: Any, most: int) -> Array:
    """For each image whether its label wins at every one of its points, (images, points, ...)."""
    count = points.shape[1]
    flat, classes = points.reshape(-1, *points.shape[2:]), np.repeat(labels, count)
    lost = [
        loses(outputs_at(graph, params, flat[at], domain).astype(np.float64), classes[at]) for at in _chunks(len(flat), most)
    ]
    return np.asarray(~np.concatenate(lost).reshape(-1, count).any(axis=1))
