"""A scope shows a layer its own tensors, by its own names, and takes what training leaves behind."""

from __future__ import annotations

import pytest

from fpsem.core.errors import GraphError
from fpsem.graph.trace import Recorder
from fpsem.nn.scope import Scope, Training

NAMES = ("weight", "0.weight", "0.bias", "0.1.weight", "01.weight")


def scope(training: bool = False) -> Scope:
    recorder = Recorder()
    tensors = {name: recorder.parameter(name, (i + 1,)) for i, name in enumerate(NAMES)}
    return Scope(tensors, training=Training(recorder) if training else None)


def test_a_child_sees_the_names_that_begin_with_its_own() -> None:
    child = scope().child("0")
    assert list(child) == ["weight", "bias", "1.weight"]
    assert len(child) == 3
    assert child["bias"].shape == (3,)
    assert child.child("1")["weight"].shape == (4,)
    assert "1" not in child
    with pytest.raises(KeyError):
        child.child("1")["bias"]


def test_a_nameless_child_sees_what_its_parent_does() -> None:
    assert list(scope().child("").child("0").child("")) == list(scope().child("0"))


def test_in_training_masks_and_buffers_have_the_layers_full_name() -> None:
    whole = scope(training=True)
    layer = whole.child("0").child("1")
    mask = layer.mask((2, 3), 0.5)
    layer.update("running_mean", mask)
    assert whole.training is not None
    assert (whole.training.keep, whole.training.updates) == ({"0.1.mask": 0.5}, {"0.1.running_mean": mask})
    assert mask.shape == (2, 3)


def test_in_evaluation_there_are_none() -> None:
    for ask in (lambda s: s.mask((1,), 0.5), lambda s: s.update("a", s["weight"])):
        with pytest.raises(GraphError, match="in evaluation"):
            ask(scope())
