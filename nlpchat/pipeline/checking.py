"""Everything that is wrong with a pipeline file, and with running it here, before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from nlpchat.pipeline.places import PLACE, Places
from nlpchat.pipeline.reading import pipeline_of, read_toml
from nlpchat.pipeline.steps import Pipeline, Step
from nlpchat.pipeline.words import Understand


def faults_of(
    path: str | Path,
    *,
    commands: Collection[str],
    size: str | None = None,
    asked: Mapping[str, str] | None = None,
    understand: Understand | None = None,
    data: str | Path | None = None,
    runs: str | Path | None = None,
) -> list[str]:
    """What keeps the pipeline in the file from running here: faults of the file, what it asks for, inputs that are not there.

    Of all its sizes when none is given; a fault that not all of them have names those that do. Nothing runs and nothing is
    written. Raises InputError, RecipeError: the file cannot be read, is no TOML, or has no such size.
    """
    stated = read_toml(path)
    sizes = stated.get("sizes")
    looked_at = [size] if size is not None or not isinstance(sizes, dict) or not sizes else list(sizes)
    found: dict[str, list[str]] = {}
    for one in looked_at:
        pipeline, faults = pipeline_of(stated, Path(path), commands, one, asked or {}, understand)
        places = places_of(pipeline, data=data, runs=runs)
        for fault in [
            *faults,
            *unsaid(pipeline, pipeline.steps, places),
            *missing_inputs(pipeline, pipeline.steps, places),
        ]:
            found.setdefault(fault, []).append(str(one))
    return [
        fault if len(having) == len(looked_at) else f"{fault} (size {', '.join(having)})"
        for fault, having in found.items()
    ]


def places_of(pipeline: Pipeline, *, data: str | Path | None = None, runs: str | Path | None = None) -> Places:
    """What the pipeline's places stand for in this run: as said, or else as its file says."""
    here = pipeline.path.resolve().parent
    stated = data if data is not None else (here / pipeline.data if pipeline.data else None)
    places = Places(
        data=Path(stated).resolve() if stated is not None else None,
        runs=Path(runs) if runs is not None else Path("runs") / pipeline.name,
        here=here,
    )
    said = {ask.name: ask.value for ask in pipeline.asks if ask.value is not None}
    given = {ask.name for ask in pipeline.asks if ask.given}
    filled = {
        name: value if name in given or _open(value, places) else places.fill(value) for name, value in said.items()
    }
    hidden = frozenset(ask.name for ask in pipeline.asks if ask.private)
    return Places(places.data, places.runs, here, filled, hidden)


def unsaid(pipeline: Pipeline, steps: Sequence[Step], places: Places) -> list[str]:
    """What these steps need to be told: a value that is asked for, the folder of the data."""
    used = {
        name for step in steps for word in (*step.command, *step.inputs, *step.outputs) for name in PLACE.findall(word)
    }
    asked = [ask for ask in pipeline.asks if ask.value is None and ask.name in used]
    found = [f"it asks for {ask.name}, {ask.what}: say it with --set {ask.name}=..." for ask in asked]
    if "data" in used and places.data is None:
        found.append("it reads {data}, and says no folder for it: give one with --data FOLDER")
    return found


def missing_inputs(pipeline: Pipeline, steps: Sequence[Step], places: Places) -> list[str]:
    """Every input of these steps that is not there and that none of them makes, with what to do about it."""
    missing: dict[str, str] = {}
    for step in steps:
        for place in step.inputs:
            makers = pipeline.makers(place)
            if place in missing or _open(place, places) or any(maker in steps for maker in makers):
                continue
            if places.is_address(place) or places.found(place):
                continue
            missing[place] = f"step {step.name!r} reads {_advice(place, makers, places)}"
    return list(missing.values())


def _advice(place: str, makers: Sequence[Step], places: Places) -> str:
    if makers:
        return f"{place}: step {makers[0].name!r} makes it; run that one first"
    asked = next((name for name in PLACE.findall(place) if name in places.asked), None)
    if asked:
        return f"{places.fill(place)}: no such file. Say where it is with --set {asked}=..."
    if place.startswith("{data}"):
        return f"{places.fill(place)}: it is not among the data; say where they lie with --data"
    return f"{places.fill(place)}: no such file, and no step makes it"


def _open(text: str, places: Places) -> bool:
    """Whether a place in the text stands for nothing yet; said elsewhere."""
    folders = {"runs", "here", *(("data",) if places.data is not None else ())}
    return any(name not in folders | set(places.asked) for name in PLACE.findall(text))
