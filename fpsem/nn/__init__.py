"""Layers with PyTorch's names and parameter layout. A layer is a plain value; its parameters are data beside it.

    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    params = model.init(seed=0)          # {"0.weight": float32 (32, 64), "0.bias": (32,), "2.weight": ...}
    graph = model.lower((1, 64))         # or at once: model(params, x, domain)

What training changes, running statistics and dropout masks, is data too: ``model.lower(shape, training=True)`` has the masks as
inputs and the new statistics as outputs. Nothing here depends on a domain.
"""

from fpsem.nn.activations import GELU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from fpsem.nn.convolution import Conv2d
from fpsem.nn.dropout import Dropout
from fpsem.nn.embedding import Embedding
from fpsem.nn.linear import Linear
from fpsem.nn.losses import CrossEntropyLoss, MSELoss
from fpsem.nn.module import Module, Parameter
from fpsem.nn.normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from fpsem.nn.pooling import AvgPool2d, MaxPool2d
from fpsem.nn.scope import Scope
from fpsem.nn.sequential import Sequential
from fpsem.nn.shape import Flatten

__all__ = [
    "GELU",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "Parameter",
    "ReLU",
    "Scope",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]
