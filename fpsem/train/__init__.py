"""Training as explicit state: a step is a function of parameters, optimizer's state, random stream and batch.

    trainer = Trainer(model, "classification", optim.adam(1e-3), IEEE32Exec(), seed=0)
    result = trainer.train(dataset, steps=500, batch_size=64)

The step is made of graphs, so it runs in any domain with binary32 numbers, and means there what these graphs mean.
"""

from fpsem.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from fpsem.train.evaluate import evaluate
from fpsem.train.log import Log, read_log, write_log
from fpsem.train.report import Report
from fpsem.train.run import Event, Result
from fpsem.train.state import OptState, State
from fpsem.train.trainer import Step, Trainer

__all__ = [
    "Checkpoint",
    "Event",
    "Log",
    "OptState",
    "Report",
    "Result",
    "State",
    "Step",
    "Trainer",
    "evaluate",
    "load_checkpoint",
    "read_log",
    "save_checkpoint",
    "write_log",
]
