"""The fields of a recipe as options of a command: --bptt 70, --residual / --no-residual, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
_TYPES = {"int": int, "float": float, "str": str, "bool": bool}
_CHOICES = {"norm": ("none", "pre"), "encoder": ("awd-lstm", "qrnn"), "precision": ("auto", "bf16", "fp32"),
            "schedule": ("one-cycle", "slanted")}  # fmt: skip
# What the options that every recipe has say.
SHARED_HELPS = {
    "dropout": "Scale of AWD-LSTM's five dropouts.",
    "dropouts": "AWD-LSTM's five dropouts before their scale: input, hidden, weight, embedding, output.",
    "schedule": "How the rate goes: one-cycle (Smith 2018), or slanted triangles (Howard and Ruder 2018, equation 3).",
    "warmup": "Share of the steps before the peak (Howard and Ruder's cut_frac: 0.1).",
    "momentum": "Adam's first beta, at both ends and at the peak; one number for one that stays (Howard and Ruder: 0.7).",
    "weight_decay": "Weight decay, apart from the gradient (Loshchilov and Hutter 2017).",
    "precision": "bf16 where it pays (auto), or one of both.",
}


def recipe_options(recipe: type, helps: Mapping[str, str] | None = None) -> Callable[[_Command], _Command]:
    """A decorator that gives a command one option for each field of `recipe`, with the field's default."""

    def decorate(command: _Command) -> _Command:
        for field in reversed(fields(recipe)):
            command = _option(field, (helps or {}).get(field.name, ""))(command)
        return command

    return decorate


def _option(field: Field[Any], text: str) -> Callable[[_Command], _Command]:
    name = f"--{field.name.replace('_', '-')}"
    kind: Any = _TYPES[str(field.type)]
    if kind is bool:
        return click.option(f"{name}/--no-{name[2:]}", default=field.default, show_default=True, help=text)
    if field.name in _CHOICES:
        kind = click.Choice(_CHOICES[field.name])
    return click.option(name, type=kind, default=field.default, show_default=True, help=text)


def _excluded(_context: click.Context, _option: click.Parameter, given: str | None) -> frozenset[str]:
    if given is None:
        return frozenset()
    from nlpchat.exclude import excluded_ids

    return excluded_ids(given)


def exclude_option(command: _Command) -> _Command:
    """--exclude FILE, which every command that learns takes: `excluded`, what nlpchat.exclude looks for."""
    return click.option(
        "--exclude",
        "excluded",
        type=click.Path(),
        callback=_excluded,
        metavar="FILE",
        help="Leave out who asked for it: a line each, a review's id, site:id, address or sha256:DIGEST of the text.",
    )(command)


def training_options(command: _Command) -> _Command:
    """--resume and --minutes, which every long training takes."""
    command = click.option("--minutes", type=float, help="Stop after so long, with a checkpoint; --resume goes on.")(
        command
    )
    return click.option("--resume", is_flag=True, help="Go on where a stopped run of the same command is.")(command)
