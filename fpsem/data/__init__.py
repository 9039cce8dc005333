"""Examples for training and for questions: read from files or made, checked, transformed, and given out in batches.

    examples = data.spirals(1000, rand.key(0), arms=3, noise=0.05)      # or data.labelled("images.npz", classes=10), ...
    held_out, learnt = examples.split(0.2, rand.key(1))
    prepared = learnt.map(data.Normalise.fitted(learnt))
    loader = data.Loader(prepared, batch_size=32, key=rand.key(2))
    x, y = loader.batch(step)                                           # a pure function of the step

Nothing here is rounded in silence, nothing depends on the machine, and no file can make Python run code.
"""

from fpsem.data.arrays import read_arrays
from fpsem.data.dataset import Dataset
from fpsem.data.loader import Loader, batches
from fpsem.data.samples import banded_images, grid, regression, spirals
from fpsem.data.sources import labelled, supervised, tabular, unlabelled
from fpsem.data.table import Table, read_table
from fpsem.data.text import Vocabulary, read_text, text_windows
from fpsem.data.transforms import Compose, Crop, Flatten, Normalise, OneHot, Transform

__all__ = [
    "Compose",
    "Crop",
    "Dataset",
    "Flatten",
    "Loader",
    "Normalise",
    "OneHot",
    "Table",
    "Transform",
    "Vocabulary",
    "banded_images",
    "batches",
    "grid",
    "labelled",
    "read_arrays",
    "read_table",
    "read_text",
    "regression",
    "spirals",
    "supervised",
    "tabular",
    "text_windows",
    "unlabelled",
]
