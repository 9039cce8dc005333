"""A step is a function of explicit state; what does not fit is refused, and what diverges is named."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fpsem import data, nn, optim
from fpsem.core.errors import FpsemError, PayloadError, ShapeError, TrainingError, UnknownNameError, UnsupportedError
from fpsem.domains import ErrorBound, IEEE32Exec, Interval, NumPyFloat32, Real, RoundedReal, SymbolicFP32, SymbolicReal
from fpsem.train import Step, Trainer

Bits = Callable[[Any], dict[str, bytes]]
LINE = nn.Linear(2, 1)


def batch(rows: int = 8, seed: int = 0) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    return random.standard_normal((rows, 2)).astype(np.float32), random.standard_normal((rows, 1)).astype(np.float32)


def stepped(trainer: Trainer, state: Any, x: Any, y: Any, mode: str = "train") -> Step:
    return trainer.step(state.params, state.opt_state, state.rng, mode, x, y)


# -- a step --------------------------------------------------------------------------------------------------------------


def test_a_step_takes_parameters_state_stream_mode_and_batch_and_gives_four(make: Any) -> None:
    assert list(inspect.signature(Trainer.step).parameters) == ["self", "params", "opt_state", "rng", "mode", "x", "y"]
    trainer = make()
    state = trainer.start()
    params, opt_state, rng, log = trainer.step(state.params, state.opt_state, state.rng, "train", *batch())
    assert params.keys() == state.params.keys()
    assert opt_state.slots.keys() == state.opt_state.slots.keys()
    assert (state.opt_state.step, opt_state.step) == (0, 1)
    assert rng != state.rng
    assert list(log) == ["loss", "learning_rate"]
    assert {value.dtype for value in {**params, **opt_state.slots}.values()} == {np.dtype(np.float32)}


def test_plain_sgd_is_the_formula_of_a_linear_regression(make: Any) -> None:
    trainer = make(model=LINE, optimizer=optim.sgd(0.25))
    state, (x, y) = trainer.start(), batch()
    made = stepped(trainer, state, x, y)
    weight, bias = (state.params[name].astype(np.float64) for name in ("weight", "bias"))
    error = x @ weight.T + bias - y
    assert made.log["loss"] == pytest.approx((error**2).mean(), rel=1e-6)
    assert np.allclose(made.params["weight"], weight - 0.25 * 2 * error.T @ x / len(x), atol=1e-6)
    assert np.allclose(made.params["bias"], bias - 0.25 * 2 * error.mean(axis=0), atol=1e-6)


def test_a_step_leaves_what_it_is_given_as_it_was(make: Any, bits: Bits) -> None:
    trainer = make(noisy=True)
    state, (x, y) = trainer.start(), batch()
    before, given = bits(state), (x.tobytes(), y.tobytes())
    first, again = (bits(stepped(trainer, state, x, y)) for _ in range(2))
    assert (bits(state), (x.tobytes(), y.tobytes())) == (before, given)
    assert first == again != before


def test_evaluation_changes_nothing_and_measures_the_loss(make: Any) -> None:
    trainer = make(noisy=True)
    state, (x, y) = trainer.start(), batch()
    made = stepped(trainer, state, x, y, "eval")
    assert (made.params, made.opt_state, made.rng) == (state.params, state.opt_state, state.rng)
    assert made.log == {"loss": float(trainer.run_loss(state.params, x, y)["loss"])}


def test_batch_norm_takes_part(make: Any) -> None:
    trainer = make(model=nn.Sequential(nn.BatchNorm1d(2, momentum=0.5), LINE))
    state, (x, y) = trainer.start(), batch()
    made = stepped(trainer, state, x, y)
    assert np.allclose(made.params["0.running_mean"], 0.5 * x.mean(axis=0), atol=1e-6)
    assert np.allclose(made.params["0.running_var"], 0.5 + 0.5 * x.var(axis=0, ddof=1), atol=1e-6)
    assert not set(made.opt_state.slots) & {"momentum_buffer.0.running_mean", "momentum_buffer.0.running_var"}


def test_the_model_may_take_integers(make: Any) -> None:
    model = nn.Sequential(nn.Embedding(4, 3), nn.Flatten(), nn.Linear(6, 2))
    trainer = make(model=model, task="classification")
    state, labels = trainer.start(), np.int64([0, 1, 1])
    made = stepped(trainer, state, np.uint8([[0, 1], [1, 0], [0, 0]]), labels)
    moved = (made.params["0.weight"] != state.params["0.weight"]).any(axis=1)
    assert moved.tolist() == [True, True, False, False]


def test_a_loss_may_be_a_function(make: Any) -> None:
    trainer = make(model=LINE, task=lambda output, target: (output - target).abs().sum())
    x, y = batch()
    params = trainer.start().params
    expected = np.abs(x @ params["weight"].T + params["bias"] - y).sum()
    assert trainer.run_loss(params, x, y)["loss"] == pytest.approx(expected, rel=1e-6)


# -- noise ---------------------------------------------------------------------------------------------------------------


def test_masks_differ_from_step_to_step_and_follow_the_seed(make: Any, bits: Bits) -> None:
    model = nn.Sequential(nn.Linear(2, 16), nn.Dropout(0.5), nn.Linear(16, 1))
    x, y = batch()

    def losses(seed: int) -> list[float]:
        trainer = make(model=model, seed=seed)
        params, slots, rng = (lambda s: (s.params, s.opt_state, s.rng))(make(model=model, seed=7).start())
        rng, seen = trainer.start().rng, []
        for _ in range(4):
            made = trainer.step(params, slots, rng, "train", x, y)  # the same parameters each time: only the masks differ
            seen.append(made.log["loss"])
            rng = made.rng
        return seen

    assert len(set(losses(0))) == 4
    assert losses(0) == losses(0)
    assert not set(losses(0)) & set(losses(1))


def test_each_part_of_an_accumulated_batch_has_masks_of_its_own(make: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 16), nn.Dropout(0.5), nn.Linear(16, 1))
    x, y = batch(4)
    one, two = (make(model=model, accumulate=k) for k in (1, 2))
    state = one.start()
    alone = stepped(one, state, x, y).log["loss"]
    assert stepped(two, state, np.tile(x, (2, 1)), np.tile(y, (2, 1))).log["loss"] != alone


# -- accumulation and clipping -------------------------------------------------------------------------------------------


def test_two_equal_batches_are_as_one_bit_for_bit(make: Any, bits: Bits) -> None:
    x, y = batch(4)
    one, two = make(), make(accumulate=2)
    state = one.start()
    twice = stepped(two, state, np.tile(x, (2, 1)), np.tile(y, (2, 1)))
    assert bits(twice) == bits(stepped(one, state, x, y))
    assert twice.log == stepped(one, state, x, y).log


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_gradients_of_equal_parts_average_to_that_of_the_whole(parts: int, make: Any) -> None:
    x, y = batch(12)
    whole, accumulated = make(), make(accumulate=parts)
    state = whole.start()
    found, expected = stepped(accumulated, state, x, y), stepped(whole, state, x, y)
    assert found.log["loss"] == pytest.approx(expected.log["loss"], rel=1e-6)
    assert all(np.allclose(found.params[name], expected.params[name], atol=1e-7) for name in state.params)


def test_buffers_pass_through_the_parts_one_after_the_other(make: Any) -> None:
    model = nn.Sequential(nn.BatchNorm1d(2, momentum=0.5), LINE)
    x, y = batch(8)
    trainer = make(model=model, accumulate=2)
    made = stepped(trainer, trainer.start(), x, y)
    expected = 0.5 * (0.5 * x[:4].mean(axis=0)) + 0.5 * x[4:].mean(axis=0)
    assert np.allclose(made.params["0.running_mean"], expected, atol=1e-6)


def test_a_batch_that_does_not_divide_is_refused(make: Any) -> None:
    trainer = make(accumulate=3)
    with pytest.raises(PayloadError, match="rows that divide by 3, not 8"):
        stepped(trainer, trainer.start(), *batch(8))


def test_clip_norm_bounds_the_move_and_is_logged(make: Any) -> None:
    free, bound = make(optimizer=optim.sgd(1.0)), make(optimizer=optim.sgd(1.0), clip_norm=0.125)
    state, (x, y) = free.start(), batch()

    def moved(made: Step) -> float:
        return float(np.sqrt(sum(((made.params[n] - state.params[n]).astype(np.float64) ** 2).sum() for n in state.params)))

    full, cut = stepped(free, state, x, y), stepped(bound, state, x, y)
    assert cut.log["gradient_norm"] == pytest.approx(moved(full), rel=1e-5)
    assert moved(full) > 0.25
    assert moved(cut) == pytest.approx(0.125, rel=1e-5)
    assert "gradient_norm" not in full.log


def test_clip_value_bounds_each_element(make: Any) -> None:
    trainer = make(optimizer=optim.sgd(1.0), clip_value=2.0**-6)
    state = trainer.start()
    made = stepped(trainer, state, *batch())
    moves = np.concatenate([np.abs(made.params[n] - state.params[n]).ravel() for n in state.params])
    assert 2.0**-6 - 1e-7 < moves.max() < 2.0**-6 + 1e-7


# -- what diverges -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", [NumPyFloat32(), IEEE32Exec()], ids=["native", "exact"])
@pytest.mark.parametrize(("value", "told"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_a_loss_that_is_not_finite_names_step_node_and_value(value: float, told: str, domain: Any, make: Any) -> None:
    trainer = make(model=nn.Sequential(LINE), domain=domain)
    state, (x, y) = trainer.start(), batch()
    state = stepped(trainer, state, x, y)
    x[3, 1] = x[5, 0] = value
    with pytest.raises(TrainingError, match=rf"^step 2: loss is not finite; .* is {told} at \[3, 1\] of node %0 \(input, 'x'\)$"):
        stepped(trainer, state, x, y)


def test_the_first_node_that_overflows_is_named_by_its_layer(make: Any) -> None:
    trainer = make(model=nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)))
    state, (x, y) = trainer.start(), batch()
    params = {**state.params, "1.weight": np.full((1, 2), 3e38, np.float32)}
    with pytest.raises(TrainingError, match=r"of node %\d+ \(linear, '1\.Linear'\)"):
        trainer.step(params, state.opt_state, state.rng, "train", x * 1000, y)


def test_a_parameter_that_overflows_in_the_update_is_named(make: Any) -> None:
    trainer = make(model=LINE, optimizer=optim.sgd(3e38))
    state, (x, y) = trainer.start(), batch()
    with pytest.raises(TrainingError, match=r"^step 1: weight is not finite; .*\(\w+, 'update weight'\)"):
        stepped(trainer, state, x * 1000, y)


@dataclasses.dataclass(frozen=True)
class Scaled(nn.Module):
    """x times a parameter whose name begins as that of the output does."""

    def declared(self) -> dict[str, nn.Parameter]:
        return {"output.scale": nn.Parameter((1, 1), centre=1.0)}

    def forward(self, x: Any, parameters: nn.Scope) -> Any:
        return x @ parameters["output.scale"]


def test_an_output_may_be_infinite_where_loss_and_parameters_are_finite(make: Any) -> None:
    trainer = make(model=LINE, task=lambda output, target: output.clip(low=-1, high=1).sum())
    state, (x, y) = trainer.start(), batch()
    params = {**state.params, "weight": np.full((1, 2), 3e38, np.float32)}
    assert np.isinf(trainer.run_loss(params, 10 * abs(x), y)["output"]).any()
    made = trainer.step(params, state.opt_state, state.rng, "train", 10 * abs(x), y)
    assert all(np.isfinite(value).all() for value in made.params.values())


def test_a_parameter_is_checked_whatever_it_is_called(make: Any) -> None:
    trainer = make(model=Scaled(), optimizer=optim.sgd(3e38))
    state = trainer.start()
    with pytest.raises(TrainingError, match=r"^step 1: output\.scale is not finite"):
        stepped(trainer, state, np.full((4, 1), 8, np.float32), np.zeros((4, 1), np.float32))


# -- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", [Real(), Interval(), ErrorBound(), SymbolicFP32(), SymbolicReal()], ids=str)
def test_a_domain_without_bits_is_refused(domain: Any, make: Any) -> None:
    with pytest.raises(UnsupportedError, match=f"those of {domain.name} are not"):
        make(domain=domain)


def test_exact_reals_that_are_rounded_train_to_the_same_bits(make: Any, bits: Bits) -> None:
    rounded, native = (make(model=LINE, domain=domain) for domain in (RoundedReal(), NumPyFloat32()))
    state = native.start()
    assert bits(stepped(rounded, state, *batch(4))) == bits(stepped(native, state, *batch(4)))


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"task": "clasification"}, UnknownNameError, "Did you mean 'classification'"),
        ({"clip_norm": 0}, TrainingError, "clip: norm must be above 0"),
        ({"clip_norm": float("nan")}, TrainingError, "clip: norm must be a finite number"),
        ({"clip_norm": "1"}, TrainingError, "clip: norm must be a finite number"),
        ({"clip_value": -1}, TrainingError, "clip: value must be above 0"),
        ({"clip_value": 1e-60}, TrainingError, "clip: value .* 0.0 in binary32"),
        ({"accumulate": 0}, TrainingError, "accumulate must be an integer of at least 1, not 0"),
        ({"accumulate": 1.5}, TrainingError, "accumulate must be an integer"),
        ({"accumulate": True}, TrainingError, "accumulate must be an integer"),
    ],
)
def test_settings_that_do_not_fit_are_refused_at_once(
    settings: dict[str, Any], error: type[FpsemError], told: str, make: Any
) -> None:
    with pytest.raises(error, match=told):
        make(**settings)


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"x": np.zeros((8, 2))}, PayloadError, "a batch is of float32 or integers, .* not float64"),
        ({"x": np.float32(3)}, PayloadError, "first axis of examples"),
        ({"x": np.zeros((8, 3), np.float32)}, ShapeError, r"linear, 'Linear'\): .*3 features"),
        ({"x": np.zeros((8, 2), np.int64)}, PayloadError, "input 'x' has dtype int64"),
        ({"y": np.zeros((7, 1), np.float32)}, ShapeError, "mse_loss"),
        ({"y": np.zeros(8, np.int64)}, FpsemError, "mse_loss"),
        ({"params": {}}, PayloadError, "missing: bias, weight"),
        ({"mode": "training"}, UnknownNameError, "mode 'training'. Did you mean 'train'"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(change: dict[str, Any], error: type[Exception], told: str, make: Any) -> None:
    trainer = make(model=LINE)
    state, (x, y) = trainer.start(), batch()
    given = {"params": state.params, "opt_state": state.opt_state, "rng": state.rng, "mode": "train", "x": x, "y": y}
    with pytest.raises(error, match=told):
        trainer.step(**{**given, **change})


def test_a_state_of_another_optimizer_is_refused(make: Any) -> None:
    trainer, other = make(), make(optimizer=optim.adam())
    with pytest.raises(PayloadError, match=r"missing: momentum_buffer\.0\.bias"):
        trainer.step(trainer.start().params, other.start().opt_state, trainer.start().rng, "train", *batch())


def test_a_label_of_no_class_is_refused_by_row(make: Any) -> None:
    trainer = make(model=nn.Linear(2, 3), task="classification")
    with pytest.raises(PayloadError, match=r"label 3 at row 1 is not one of 0 \.\. 2"):
        stepped(trainer, trainer.start(), batch(2)[0], np.int64([0, 3]))


def test_a_loss_that_is_no_number_is_refused(make: Any) -> None:
    for loss in (lambda output, target: output - target, lambda output, target: 3.0):
        trainer = make(model=LINE, task=loss)
        with pytest.raises(FpsemError, match=r"a gradient is of a scalar|a loss gives a tensor"):
            stepped(trainer, trainer.start(), *batch())


def test_data_may_be_a_pair_of_arrays(make: Any, curve: data.Dataset, bits: Bits) -> None:
    pair, dataset = (make().train(given, 2, 8, progress=False) for given in ((curve.x, curve.y), curve))
    assert bits(pair.state) == bits(dataset.state)
