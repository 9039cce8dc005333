"""PyTorch's state_dicts, in and out: the parameters of a model by PyTorch's names, with every bit.

Names, order, shapes and dtypes are checked both ways; nothing is renamed, transposed or, unless asked, rounded. BatchNorm's
``num_batches_tracked``, which no output depends on, may be there or not, and is written as 0. A state_dict is a mapping of
torch tensors or numpy arrays, or a ``.safetensors`` file, whose tensors have no order; only torch tensors need torch.

Not here: pickles (``torch.save``), which can run code: write the state_dict with ``safetensors.torch.save_file`` instead.

Source: torch.nn.Module.state_dict; https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpsem import nn
from fpsem.core import files
from fpsem.core.errors import MissingExtraError, PayloadError, UnsupportedError
from fpsem.graph.denote import check_names, check_shape
from fpsem.graph.op import Shape
from fpsem.interop._payload import SAFETENSORS, Payload, encode, read_safetensors

_COUNTED_AFTER, _COUNT = "running_var", "num_batches_tracked"
"""The buffer that torch's BatchNorm lists last of those that compute, and the one after it that does not."""

_WORDS: Mapping[str, str] = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64", "I64": "int64"}
"""What numpy and torch call the dtypes of safetensors."""

_WIDER = ("float16", "bfloat16", "float64")
"""The dtypes that ``round`` allows beside float32."""

Named = dict[str, tuple[str, npt.NDArray[Any]]]
"""Arrays by name, each with the name of its dtype (numpy has no bfloat16)."""


def from_state_dict(model: nn.Module, state_dict: Mapping[str, Any] | str | Path, *, round: bool = False) -> Payload:
    """The parameters and buffers of a model, taken from a state_dict.

    Args:
        model: any model of ``fpsem.nn``.
        state_dict: torch tensors or numpy arrays by name, or the path of a .safetensors file.
        round: whether float16, bfloat16 (both exactly) and float64 (to nearest, ties to even) may become float32.

    Returns:
        float32 arrays of their own, in C order, by name.

    Raises:
        PayloadError: a tensor is missing, unknown, out of order, of another shape or dtype, without plain data, or too large
            for float32; the message names it.
        FileNotFoundError: there is no such file.
        FileFormatError: the file is truncated, hostile, or not of this kind.
    """
    if isinstance(state_dict, (str, Path)):
        path = Path(state_dict)
        try:
            return _payload_of(model, _in_file(path), False, round)
        except PayloadError as error:
            raise PayloadError(f"{path}: {error}") from None
    return _payload_of(model, {name: _described(name, value) for name, value in state_dict.items()}, True, round)


def to_arrays(model: nn.Module, params: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """The state_dict of a model as numpy arrays, which needs no torch: what ``to_state_dict`` gives, in its order.

    Raises:
        PayloadError: a parameter is missing, unknown, or of another shape or dtype than float32.
    """
    shapes = _shapes(model)
    check_names("parameter", shapes, params)
    made: dict[str, npt.NDArray[Any]] = {}
    for name in _expected(model):
        if name not in shapes:
            made[name] = np.zeros((), np.int64)
            continue
        made[name] = np.array(params[name], order="C")
        _check(f"parameter {name!r}", made[name].dtype.name, made[name].shape, shapes[name], round=False)
    return made


def to_state_dict(model: nn.Module, params: Mapping[str, Any]) -> dict[str, Any]:
    """The state_dict of a model as torch tensors that share no memory with the arrays.

    Args:
        model: any model of ``fpsem.nn``.
        params: a float32 array for each of its parameters and buffers.

    Returns:
        Tensors by name, in PyTorch's order; ``load_state_dict`` of the same layers takes them with ``strict=True``.

    Raises:
        MissingExtraError: torch is not installed.
        PayloadError: as ``to_arrays``.
    """
    torch = _torch()
    return {name: torch.from_numpy(array) for name, array in to_arrays(model, params).items()}


def save_state_dict(path: str | Path, model: nn.Module, params: Mapping[str, Any]) -> None:
    """Write the state_dict of a model as a .safetensors file, which needs no torch.

    Raises:
        PayloadError: as ``to_arrays``; or the path does not end in .safetensors.
        OSError: the folder cannot be written to.
    """
    path = Path(path)
    if path.suffix != SAFETENSORS:
        raise PayloadError(f"{path}: a state_dict is written as {SAFETENSORS} only")
    files.write(path, encode(SAFETENSORS, to_arrays(model, params)))


def torch_model(model: nn.Module) -> Any:
    """The same layers as a torch.nn module, with torch's own starting values.

    Raises:
        MissingExtraError: torch is not installed.
        UnsupportedError: a layer that torch.nn does not have under its name.
    """
    torch = _torch()
    if isinstance(model, nn.Sequential):
        return torch.nn.Sequential(*(torch_model(layer) for layer in model))
    name = type(model).__name__
    if name not in nn.__all__ or type(model) is not vars(nn)[name]:
        raise UnsupportedError(f"{model!r} is no layer of fpsem.nn, so it is not known what it is in torch.nn")
    return getattr(torch.nn, name)(**{field.name: getattr(model, field.name) for field in fields(model)})  # type: ignore[arg-type]


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("torch", "torch") from None
    return torch


def _shapes(model: nn.Module) -> dict[str, Shape]:
    return {name: p.shape for name, p in model.declared().items()}


def _expected(model: nn.Module) -> list[str]:
    """The names of torch's state_dict, in its order."""
    names: list[str] = []
    for name in _shapes(model):
        *layer, last = name.split(".")
        names += [name, ".".join([*layer, _COUNT])] if last == _COUNTED_AFTER else [name]
    return names


def _payload_of(model: nn.Module, found: Named, is_ordered: bool, round: bool) -> Payload:
    """The arrays found, checked against what the model declares."""
    shapes = _shapes(model)
    counts = {name for name in _expected(model) if name not in shapes}
    check_names("parameter", shapes, {name: None for name in found if name not in counts})
    for name in sorted(counts & set(found)):
        dtype, array = found[name]
        if dtype != "int64" or array.shape:
            raise PayloadError(f"{name!r} is {dtype} of shape {array.shape}, expected one int64: how many batches were seen")
    order = [name for name in _expected(model) if name in found]
    if is_ordered and list(found) != order:
        at = next(i for i, (given, expected) in enumerate(zip(found, order)) if given != expected)
        told = f"number {at} is {list(found)[at]!r}, expected {order[at]!r}"
        raise PayloadError(f"the tensors come in another order than the model's: {told}; is it another model?")
    for name, shape in shapes.items():
        dtype, array = found[name]
        _check(f"parameter {name!r}", dtype, array.shape, shape, round)
    return {name: _float32(name, found[name][1]) for name in shapes}


def _check(what: str, dtype: str, shape: Shape, expected: Shape, round: bool) -> None:
    check_shape(what, shape, expected)
    if dtype == "float32" or (round and dtype in _WIDER):
        return
    remedy = ": round=True rounds it" if dtype in _WIDER else ""
    raise PayloadError(f"{what} has dtype {dtype}, expected float32{remedy}")


def _float32(name: str, array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A copy in float32. Raises PayloadError where a finite number would become infinite."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        rounded = np.array(array, np.float32, order="C")
    if (np.isinf(rounded) & np.isfinite(array)).any():
        raise PayloadError(f"parameter {name!r} holds finite numbers that float32 cannot hold")
    return rounded


def _in_file(path: Path) -> Named:
    if path.suffix != SAFETENSORS:
        raise PayloadError(f"a state_dict is read from {SAFETENSORS} only; write it with safetensors.torch.save_file")
    return {name: (_WORDS.get(word, word), array) for name, (word, array) in read_safetensors(path).items()}


def _described(name: str, value: Any) -> tuple[str, npt.NDArray[Any]]:
    """A torch tensor or numpy array with the name of its dtype. Raises PayloadError for anything else."""
    torch = sys.modules.get("torch")  # whoever has a tensor has imported it
    if torch is None or not isinstance(value, torch.Tensor):
        if not isinstance(value, (np.ndarray, np.generic)):
            raise PayloadError(f"{name!r} is neither a torch tensor nor a numpy array but a {type(value).__name__}")
        return value.dtype.name, np.asarray(value)
    dtype = str(value.dtype).removeprefix("torch.")
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        raise PayloadError(f"{name!r} has no plain data: it is sparse, quantised, or on the device 'meta'")
    plain = value.detach().cpu().resolve_conj().resolve_neg()
    return dtype, (plain.float() if dtype == "bfloat16" else plain).numpy()
