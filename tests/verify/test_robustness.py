"""Robustness: what is proved holds of sampled inputs, what is refuted is replayed, and the rest is unknown."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import fpsem
from fpsem.core.errors import PayloadError, UnknownNameError, UnsupportedError
from fpsem.core.verdict import Proved, Refuted, Unknown
from fpsem.rand import key
from fpsem.verify import certify, check, input_box, robustness
from fpsem.verify.attack import candidates
from fpsem.verify.propagate import propagate, way_of
from fpsem.verify.robustness import domain_of

SEMANTICS = ["real", "binary32"]


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_margins_are_below_those_of_every_sampled_input(digits: Any, semantics: str) -> None:
    graph, params, images, labels = digits
    schedule = fpsem.Lanes(width=4, fused=True)
    for i in range(5):
        center, label = images[i : i + 1], labels[i]
        box = input_box(center, "1/32", semantics, (0, 1))
        bounds = propagate(way_of(graph, semantics), params, box, np.array([label]), domain_of(semantics, schedule))
        points = candidates(center, input_box(center, "1/32", "binary32", (0, 1)), 6, key(i))
        for x in points:
            if semantics == "real":
                y, _ = fpsem.Real().enclosure(fpsem.run(graph, params, x, fpsem.Real()))
                slack = Fraction(1, 2**60)
            else:
                bits = fpsem.run(graph, params, x, fpsem.IEEE32Exec(schedule=schedule))
                y, slack = np.frompyfunc(lambda v: Fraction(float(v)), 1, 1)(bits.view(np.float32)), Fraction(0)
            for j in range(10):
                assert j == label or Fraction(float(bounds.margins[0, j])) <= y[0, label] - y[0, j] + slack


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_the_margins_of_a_point_are_those_of_its_values(digits: Any, semantics: str) -> None:
    graph, params, images, labels = digits
    bounds = propagate(
        way_of(graph, semantics), params, input_box(images[:1], 0, semantics), labels[:1], domain_of(semantics, "sequential")
    )
    y = fpsem.run(graph, params, images[:1], fpsem.IEEE32Exec()).view(np.float32)[0].astype(float)
    others = np.arange(10) != labels[0]
    assert np.allclose(bounds.margins[0, others], (y[labels[0]] - y)[others], atol=1e-5)
    assert bounds.margins[0, labels[0]] == np.inf


def test_margins_folded_into_the_last_layer_are_wider_than_those_of_its_outputs(digits: Any) -> None:
    graph, params, images, labels = digits
    box = input_box(images[:1], "1/64", clip=(0, 1))
    way = way_of(graph, "real")
    assert way.folded
    assert way.nodes == (0, 5, 6)
    folded = propagate(way, params, box, labels[:1], fpsem.Interval()).margins
    y = fpsem.run(graph, params, fpsem.Interval().between(*box), fpsem.Interval())[0]
    apart = y["lo"][labels[0]] - y["hi"]
    others = np.arange(10) != labels[0]
    assert (folded[0, others] > apart[others]).all()


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_digits_are_proved_refuted_and_unknown(digits: Any, semantics: str) -> None:
    graph, params, images, labels = digits
    assert isinstance(robustness(graph, params, images[:1], "1/256", labels[0], semantics, clip=(0, 1)), Proved)
    wrong = robustness(graph, params, images[:1], "1/256", (labels[0] + 1) % 10, semantics, clip=(0, 1))
    assert isinstance(wrong, Refuted)
    assert wrong.witness["x"].tolist() == images[:1].tolist(), "the centre is tried first"
    unknown = robustness(graph, params, images[:1], "1/8", labels[0], semantics, clip=(0, 1), samples=2)
    assert isinstance(unknown, Unknown)
    assert "is only known to be at least -" in unknown.reason


def test_a_refutation_is_a_binary32_input_of_the_box_that_replays(digits: Any) -> None:
    graph, params, images, labels = digits
    schedule = fpsem.Pairwise(fused=True)
    found = 0
    for i in range(40):
        verdict = robustness(graph, params, images[i : i + 1], "1/4", labels[i], "binary32", schedule, clip=(0, 1), samples=30)
        if isinstance(verdict, Refuted):
            x = verdict.witness["x"]
            y = fpsem.run(graph, params, x, fpsem.IEEE32Exec(schedule=schedule)).view(np.float32)[0]
            assert np.argmax(y) != labels[i] or np.sum(y == y.max()) > 1
            assert (np.abs(x.astype(float) - images[i]) <= 0.25).all()
            assert ((x >= 0) & (x <= 1)).all()
            found += 1
    assert found > 2


def test_a_tie_is_refuted_and_never_proved() -> None:
    graph = fpsem.trace(lambda x: x * 1.0, (1, 2))
    x = np.array([[0.5, 0.5]], np.float32)
    for semantics in SEMANTICS:
        assert isinstance(robustness(graph, {}, x, 0, 0, semantics), Refuted)


def test_rounding_can_break_in_binary32_what_holds_in_the_reals_and_the_answers_say_so() -> None:
    graph = fpsem.trace(lambda x: ((x + 2.0**24) - 2.0**24).concat(x * 0.0, axis=1), (1, 1))
    x = np.array([[0.5]], np.float32)
    assert isinstance(robustness(graph, {}, x, "1/8", 0, "real"), Proved)
    assert isinstance(robustness(graph, {}, x, "1/8", 0, "binary32"), Refuted)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_what_may_overflow_or_be_undefined_is_unknown(semantics: str) -> None:
    graph = fpsem.trace(lambda x: (x - 1).sqrt().minimum(x).concat(x + 9, axis=1), (1, 1))
    verdict = robustness(graph, {}, np.array([[1.5]], np.float32), 1, 1, semantics, samples=1)
    assert isinstance(verdict, Unknown)
    assert "may overflow or be undefined" in verdict.reason


def test_ops_beyond_the_checker_are_proved_without_a_certificate() -> None:
    graph = fpsem.trace(lambda x: x.tanh(), (1, 2))
    x = np.array([[2.0, -1.0]], np.float32)
    assert isinstance(robustness(graph, {}, x, "1/8", 0, "binary32"), Proved)
    with pytest.raises(UnsupportedError, match=r"node %1 \(tanh\): the checker of certificates does not know the op"):
        certify(graph, {}, x, "1/8", 0)
    with pytest.raises(UnsupportedError, match="schedule numpy_pairwise: the checker of certificates knows"):
        certify(fpsem.trace(lambda x: x.relu(), (1, 2)), {}, x, "1/8", 0, "binary32", "numpy_pairwise")


def test_a_question_that_does_not_fit_is_refused(digits: Any) -> None:
    graph, params, images, _ = digits
    with pytest.raises(PayloadError, match="label 10 is not one of the 10 classes"):
        robustness(graph, params, images[:1], 0, 10)
    with pytest.raises(PayloadError, match="the centre has shape"):
        robustness(graph, params, images[0], 0, 1)
    with pytest.raises(UnknownNameError, match="semantics"):
        robustness(graph, params, images[:1], 0, 1, "float")
    with pytest.raises(PayloadError, match="two or more classes"):
        robustness(fpsem.trace(lambda x: x.relu(), (1, 1)), {}, images[:1, :1], 0, 0)
    with pytest.raises(PayloadError, match="one row of classes"):
        robustness(fpsem.trace(lambda x: x.relu(), (2, 2)), {}, images[:2, :2], 0, 0)
    with pytest.raises(PayloadError, match="2 inputs"):
        robustness(fpsem.trace(lambda x, y: x + y, (1, 2), (1, 2)), {}, images[:1, :2], 0, 0)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_certificates_of_digits_are_accepted(digits: Any, semantics: str, tmp_path: Any) -> None:
    graph, params, images, labels = digits
    fpsem.save(tmp_path / "digits", graph, params)
    for i in range(3):
        verdict, certificate = certify(graph, params, images[i : i + 1], "1/256", int(labels[i]), semantics, clip=(0, 1))
        assert isinstance(verdict, Proved)
        assert certificate is not None
        certificate.save(tmp_path / "certificate.json")
        assert check(tmp_path / "certificate.json", tmp_path / "digits.json") == []
