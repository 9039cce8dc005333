"""``fpsem train``, ``verify`` and ``check``: make a model, claim something about it, check the claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fpsem.cli._shared import AsJson, Index, Input, Model, OneSchedule, app, command_line, emit, order, warn
from fpsem.core.errors import FileFormatError
from fpsem.core.files import write
from fpsem.domains import domain_named


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="A JSON file, or an example: bands, regression, spirals.")],
    steps: Annotated[int | None, typer.Option("--steps", help="How many steps in all; else what the configuration says.")] = None,
    domain: Annotated[
        str, typer.Option("--domain", "-d", help="Where arithmetic is done: numpy_float32, ieee32 or rounded_real.")
    ] = "numpy_float32",
    schedule: OneSchedule = "sequential",
    seed: Annotated[int | None, typer.Option("--seed", help="What all that is random is drawn from.")] = None,
    log: Annotated[Path | None, typer.Option("--log", help="Write the log to this JSON file.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with the report and the curves.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the trained model here: NAME, NAME.onnx, ...")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="Where the last state is kept, else in CONFIG.checkpoint.safetensors.")
    ] = None,
    every: Annotated[int, typer.Option("--checkpoint-every", min=0, help="Also after so many steps each time.")] = 0,
    evaluate_every: Annotated[int, typer.Option("--evaluate-every", min=0, help="Evaluate after so many steps each time.")] = 0,
    resume: Annotated[Path | None, typer.Option("--resume", help="Go on from this checkpoint.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model. An interrupted run leaves a checkpoint, and goes on from it with --resume to the same bits."""
    from fpsem.interop.checkpoint import save
    from fpsem.train.configured import configuration

    told = configuration(config, seed)
    kept = _kept(checkpoint, resume, told.name)
    trainer = told.trainer(domain_named(domain, order(schedule)))
    try:
        result = trainer.train(
            told.dataset,
            told.steps if steps is None else steps,
            told.batch_size,
            validation=told.validation,
            evaluate_every=evaluate_every,
            checkpoint=kept,
            checkpoint_every=every,
            resume=resume,
            title=told.name,
        )
    except KeyboardInterrupt:
        warn(f"interrupted; go on with: {command_line()}{'' if resume else f' --resume {kept}'}")
        raise typer.Exit(130) from None
    if log is not None:
        result.log.save(log)
    if html is not None:
        from fpsem.report.html import training_page

        write(html, training_page(result.log, told.name, result.report.probes, command_line()).encode())
    if out is not None:
        save(out, told.model.lower((1, *told.dataset.x.shape[1:])), result.params)
    emit(result.report.to_json() if as_json else [str(result.report)], as_json)


@app.command()
def verify(
    model: Model,
    input: Input,
    radius: Annotated[str, typer.Option("--radius", "-r", help="How far an input may move: a decimal or a fraction, as 1/128.")],
    label: Annotated[int | None, typer.Option("--label", help="The class; else the row's in the file's array 'labels'.")] = None,
    index: Index = 0,
    semantics: Annotated[str, typer.Option("--semantics", help="real, or binary32 in the schedule.")] = "real",
    schedule: OneSchedule = "sequential",
    clip: Annotated[str | None, typer.Option("--clip", help="The least and greatest value of an input, as 0,1.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the certificate to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask whether one class wins for all inputs near one; exit code 0 if proved, 1 if not."""
    from fpsem.core.verdict import Proved
    from fpsem.data import read_arrays
    from fpsem.verify.command import sentence, verify_model

    ends = None if clip is None else _pair(clip)
    verdict = verify_model(model, read_arrays(input), index, radius, label, semantics, order(schedule), ends, out)
    emit({"verdict": type(verdict).__name__, "sentence": sentence(verdict)} if as_json else [sentence(verdict)], as_json)
    raise typer.Exit(0 if isinstance(verdict, Proved) else 1)


@app.command()
def check(
    certificate: Annotated[Path, typer.Argument(help="A certificate that verify wrote.")],
    model: Annotated[Path | None, typer.Option("--model", help="The model, if it is not beside the certificate.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a certificate anew, in exact rationals, by a program that shares nothing with the prover."""
    from fpsem.verify.command import check_certificate

    reasons = check_certificate(certificate, model)
    verdict = "refused" if reasons else "accepted"
    emit({"verdict": verdict, "reasons": reasons} if as_json else [verdict, *(f"  {reason}" for reason in reasons)], as_json)
    raise typer.Exit(1 if reasons else 0)


def _kept(checkpoint: Path | None, resume: Path | None, name: str) -> Path:
    """Where the last state is kept. Raises FileFormatError where that would take the place of another run's."""
    if checkpoint is not None or resume is not None:
        return checkpoint or resume or Path()
    kept = Path(f"{name}.checkpoint.safetensors")
    if kept.exists():
        raise FileFormatError(f"{kept} is there from an earlier run: --resume {kept}, or name another with --checkpoint")
    return kept


def _pair(text: str) -> tuple[str, str]:
    low, comma, high = text.partition(",")
    if not comma:
        raise FileFormatError(f"--clip {text!r}: give two numbers, as 0,1")
    return low, high
