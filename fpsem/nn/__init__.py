"""Layers with PyTorch's names and parameter layout. A layer is a plain value; its parameters are data beside it.

    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    params = model.init(seed=0)          # {"0.weight": float32 (32, 64), "0.bias": (32,), "2.weight": ...}
    graph = model.lower((1, 64))         # or at once: model(params, x, domain)

Not here: training state such as dropout or running statistics, and anything that depends on a domain.
"""

from fpsem.nn.activations import GELU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from fpsem.nn.linear import Linear
from fpsem.nn.module import Module, Parameter
from fpsem.nn.sequential import Sequential
from fpsem.nn.shape import Flatten

__all__ = [
    "GELU",
    "Flatten",
    "Linear",
    "LogSoftmax",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]
