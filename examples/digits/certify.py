"""Is the classifier robust? One image with a proof to take away, and all test images counted.

Proves that a test image keeps its class for every real image within 1/64 (a quarter of a grey step) in each pixel, writes the
certificate, has it checked by code that imports nothing of fpsem, and shows that it refuses what was tampered with. Then counts
at three radii: of how many test images the class is proved, and of how many random attacks do not break it. Writes
certificate.json beside this file; takes seconds.

    python examples/digits/certify.py
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from digits_data import CONSOLE, FOLDER
from rich.table import Table

import fpsem
from fpsem.data import read_arrays
from fpsem.verify import CertifiedAccuracy, certified_accuracy, certify, check

MODEL, CERTIFICATE = "digits", "certificate.json"
IMAGE, RADIUS = 0, "1/64"
RADII, SAMPLES = ("1/64", "1/32", "1/16"), 64
PIXELS = (0, 1)

Change = Callable[[dict[str, Any]], object]


def widen(told: dict[str, Any]) -> None:
    """Claim a larger box: the first pixel up to 1."""
    told["box"]["hi"][0] = (1.0).hex()


def exaggerate(told: dict[str, Any]) -> None:
    """Claim a larger margin over the first other class."""
    place = next(i for i, margin in enumerate(told["margins"]) if margin is not None)
    told["margins"][place] = (2 * float.fromhex(told["margins"][place])).hex()


def rename(told: dict[str, Any]) -> None:
    """Claim another class."""
    told["label"] = (told["label"] + 1) % 10


TAMPERINGS: Mapping[str, Change] = {"a larger box": widen, "a larger margin": exaggerate, "another class": rename}


def prove_one(folder: Path, image: np.ndarray, label: int) -> Path:
    """The certificate of one image, written beside the model."""
    graph, params = fpsem.load(folder / MODEL)
    verdict, certificate = certify(graph, params, image[None], RADIUS, label, clip=PIXELS, model=f"{MODEL}.json")
    CONSOLE.print(f"Image {IMAGE}, a handwritten {label}, every pixel within {RADIUS}: {verdict}")
    assert certificate is not None
    certificate.save(folder / CERTIFICATE)
    CONSOLE.print(f"{CERTIFICATE}: {(folder / CERTIFICATE).stat().st_size} bytes. {certificate.claim}")
    return folder / CERTIFICATE


def check_all(certificate: Path) -> dict[str, list[str]]:
    """Why the checker refuses a certificate, and changed copies of it beside a copy of the model; by what was changed."""
    whole = certificate.read_text(encoding="utf-8")
    found = {"nothing": check(certificate)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for ending in ("json", "safetensors"):
            shutil.copy(certificate.with_name(f"{MODEL}.{ending}"), folder)
        for what, change in TAMPERINGS.items():
            told = json.loads(whole)
            change(told)
            (folder / CERTIFICATE).write_text(json.dumps(told), encoding="utf-8")
            found[what] = check(folder / CERTIFICATE)
        graph, params = fpsem.load(folder / MODEL)
        fpsem.save(folder / MODEL, graph, {**params, "2.bias": np.nextafter(params["2.bias"], np.float32(1))})
        (folder / CERTIFICATE).write_text(whole, encoding="utf-8")
        found["the model, by one ulp"] = check(folder / CERTIFICATE)
    return found


def show_checks(found: Mapping[str, list[str]]) -> None:
    """What was changed, and the first reason why that is refused."""
    title = f"{CERTIFICATE}, checked by code that imports nothing of fpsem"
    table = Table("changed", "the checker", "its first reason", title=title)
    for what, reasons in found.items():
        table.add_row(what, "refuses" if reasons else "accepts", reasons[0] if reasons else "")
    CONSOLE.print(table)


def show_accuracy(found: CertifiedAccuracy) -> None:
    """Proved and attacked, radius by radius."""
    title = f"{found.images} test images, {found.accurate} classified as labelled; semantics: {found.semantics}"
    attacked = f"not broken by {found.samples} inputs each"
    table = Table("every pixel within", "proved to keep the label", attacked, title=title)
    for row in found.rows:
        counts = (f"{count} ({count / found.images:.1%})" for count in (row.certified, row.resisted))
        table.add_row(row.radius, *counts)
    CONSOLE.print(table)


def main(folder: Path = FOLDER, images: int | None = None, samples: int = SAMPLES) -> list[CertifiedAccuracy]:
    """Prove, check, count; over the first ``images`` test images only, if that is given."""
    held = read_arrays(folder / "images.npz")
    pixels, labels = held["images"][:images], held["labels"][:images]
    show_checks(check_all(prove_one(folder, pixels[IMAGE], int(labels[IMAGE]))))
    graph, params = fpsem.load(folder / MODEL)
    semantics = ("real", "binary32")
    tables = [certified_accuracy(graph, params, pixels, labels, RADII, of, clip=PIXELS, samples=samples) for of in semantics]
    for found in tables:
        show_accuracy(found)
    CONSOLE.print("A proof bounds the robust images from below, an attack from above. Proofs are by interval propagation.")
    return tables


if __name__ == "__main__":
    main()
