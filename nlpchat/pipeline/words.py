"""A command's words -> the values that its options have, and everything that is wrong with them, without running it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import click

from nlpchat.errors import RecipeError
from nlpchat.pipeline.places import PLACE
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe, PretrainRecipe

_RECIPES = (PretrainRecipe, FinetuneRecipe, ClassifierRecipe)
_NO_MATTER = {"resume", "minutes", "seed"}  # they change no result; the seed is told apart
_HELP = {"-h", "--help"}
_NAMELESS = "a step"


@dataclass(frozen=True)
class Words:
    """What a command makes of its words. options: the values of all its options but paths, defaults too.

    flags: the names of the options that it has.
    """

    options: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    flags: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()


Understand = Callable[[Sequence[str]], Words]


def understood(group: click.Group, words: Sequence[str]) -> Words:
    """What `group` would make of the words (the first is a command's name); nothing runs and nothing is opened."""
    if asked := [word for word in words if word in _HELP]:
        return Words(faults=(f"{asked[0]} only shows the help",))
    try:
        command, rest = _command(group, words)
    except click.UsageError as fault:
        return Words(faults=(fault.format_message(),))
    try:
        context = command.make_context(_NAMELESS, list(rest))
    except click.UsageError:
        return Words(faults=tuple(_faults(command, list(rest))))
    values = {name: value for name, value in context.params.items() if value is not None}
    said = {option.name: option for option in command.params if isinstance(option, click.Option)}
    plain = {
        str(name): _as_json(values[name])
        for name, option in said.items()
        if name in values and name not in _NO_MATTER and not isinstance(option.type, click.Path | click.File)
    }
    seed = values.get("seed")
    return Words(
        {name: value for name, value in plain.items() if not PLACE.search(json.dumps(value))},
        seed if isinstance(seed, int) else None,
        frozenset(flag for option in said.values() for flag in (*option.opts, *option.secondary_opts)),
        tuple(_recipe_faults(values)),
    )


def _command(group: click.Group, words: Sequence[str]) -> tuple[click.Command, Sequence[str]]:
    """The command that the words name, through groups of commands, and the words that are its own. Raises UsageError."""
    command: click.Command = group
    while isinstance(command, click.Group):
        if not words:
            listed = ", ".join(command.list_commands(click.Context(command)))
            raise click.UsageError(f"say which of its commands: {listed}")
        # A group may put its words in another order first, as `scrape URL` does
        context = command.make_context(_NAMELESS, list(words))
        held: list[str] = getattr(context, "_protected_args", None) or getattr(
            context, "protected_args", []
        )  # click 8.1
        name, found, rest = command.resolve_command(context, [*held, *context.args])
        if found is None:
            raise click.UsageError(f"no command {name!r}")
        command, words = found, rest
    return command, words


def _faults(command: click.Command, words: list[str]) -> list[str]:
    """Everything that is wrong with the words, where click itself stops at the first."""
    faults: list[str] = []
    while True:
        context = click.Context(command, info_name=_NAMELESS)
        try:
            opts, rest, _ = command.make_parser(context).parse_args(list(words))
            break
        except (click.NoSuchOption, click.BadOptionUsage) as fault:
            faults.append(fault.format_message())
            words = _without(words, fault.option_name)
    unknown = bool(faults)  # what was its value may stand among the arguments now: say nothing of those
    for param in command.get_params(context):
        try:
            _, rest = param.handle_parse_result(context, opts, rest)
        except click.UsageError as fault:
            if not (unknown and isinstance(param, click.Argument)):
                faults.append(fault.format_message())
    if rest and not context.allow_extra_args and not unknown:
        faults.append(f"nothing is known of {' '.join(map(str, rest))}")
    return list(dict.fromkeys(faults))


def _without(words: list[str], option: str) -> list[str]:
    """The words less an option, and less what follows it where that may be its value."""
    short = option if len(option) == 2 else "\0"  # "-x" in "-xy"
    found = [number for number, word in enumerate(words) if word.partition("=")[0] == option or word.startswith(short)]
    if not found:
        return []
    at = found[0]
    value = "=" not in words[at] and at + 1 < len(words) and not words[at + 1].startswith("-")
    return words[:at] + words[at + 1 + value :]


def _recipe_faults(values: Mapping[str, object]) -> list[str]:
    """What the recipe among a training's options says against its values."""
    for recipe in _RECIPES:
        names = [one.name for one in fields(recipe)]
        if all(name in values for name in names):
            try:
                made = recipe(**{name: values[name] for name in names})  # type: ignore[arg-type]
                if isinstance(made, PretrainRecipe):
                    made.windows()
            except RecipeError as fault:
                return [str(fault).rstrip(".")]
    return []


def _as_json(value: object) -> object:
    """A value as it will be read from a lock again: a list for a tuple, a word for a path or a date."""
    return json.loads(json.dumps(value, default=str))
