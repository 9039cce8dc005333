"""Optimizers and learning rates, written as graphs and pure functions.

    optimizer = optim.adamw(lr=optim.warmup_cosine(1e-3, warmup=100, total=2000))
    state = optimizer.init(model.parameters())          # {"exp_avg.0.weight": zeros, ...}
    graph = optimizer.lower(model.parameters())         # one step, to run in any domain

Names, arguments and formulas are those of torch.optim. Hyper-parameters are rounded to binary32 when given, and are checked
after that too: a beta that rounds to 1 is refused.
"""

from fpsem.optim.adam import adam, adamw
from fpsem.optim.configured import optimizer_from_json, rate_from_json
from fpsem.optim.optimizer import Clip, Optimizer
from fpsem.optim.rates import Constant as constant
from fpsem.optim.rates import Exponential as exponential
from fpsem.optim.rates import Rate
from fpsem.optim.rates import Step as step
from fpsem.optim.rates import WarmupCosine as warmup_cosine
from fpsem.optim.sgd import sgd

__all__ = [
    "Clip",
    "Optimizer",
    "Rate",
    "adam",
    "adamw",
    "constant",
    "exponential",
    "optimizer_from_json",
    "rate_from_json",
    "sgd",
    "step",
    "warmup_cosine",
]
