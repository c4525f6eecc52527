"""What `classify` and `report` share: a classifier asked for on the line, conversations read and classified one by one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from nlpchat.cli.reading import Wanted, anonymised, say_faults, say_warnings, unchosen, undecided
from nlpchat.records import LABELS

if TYPE_CHECKING:
    from nlpchat.chats.merge import Exported
    from nlpchat.chats.reading import Fault
    from nlpchat.classifier import Classifier, Progress
    from nlpchat.predictions import Predictions
    from nlpchat.prior import Wanted as PriorWanted
    from nlpchat.records import Chat

    Classified = tuple[str, Chat, Predictions]  # the export's path first


class PriorType(click.ParamType[Any]):
    """`auto`, or the shares of neg, neu and pos with commas between."""

    name = "prior"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "auto" or not isinstance(value, str):
            return value
        try:
            shares = tuple(float(part) for part in value.split(","))
        except ValueError:
            shares = ()
        if len(shares) != len(LABELS) or not all(0 < share < float("inf") for share in shares):
            self.fail(
                f"give auto, or three numbers above 0 for {', '.join(LABELS)}, as in 0.1,0.75,0.15; not {value!r}."
            )
        return shares


@contextmanager
def classifier_for(model: str | None, abstain: float, scheduler: str | None) -> Iterator[Classifier]:
    """The classifier asked for, on this machine or on a cluster's workers."""
    if scheduler is None:
        from nlpchat.classifier import Classifier

        yield Classifier(model, abstain=abstain)
        return
    from nlpchat.spread_classifier import SpreadClassifier
    from nlpchat.workers import workers

    with workers(0, scheduler) as executor:
        yield SpreadClassifier(model, executor, abstain=abstain)


def failed_of(
    exports: Sequence[str], found: list[Exported], faults: Sequence[Fault], wanted: Wanted
) -> list[dict[str, str]]:
    """What could not be read, said; an archive out of which nobody chose joins it. Ends when nothing is left."""
    from nlpchat.chats.reading import Fault

    faults = list(faults)
    while several := unchosen(found, wanted):
        faults.append(Fault(several[0].paths[0], undecided(several, wanted)))
        left = set(map(id, several))
        found[:] = [one for one in found if id(one) not in left]
    say_faults(exports, found, faults, wanted)
    if wanted.anonymise:
        # A file's name is its conversation's as a rule: it was said on stderr, and stays out of what is kept.
        return [{"export": "", "error": "not read; its fault was said on stderr"} for _ in faults]
    return [{"export": str(fault.path), "error": str(fault.error)} for fault in faults]


def classified(
    classifier: Classifier, found: Sequence[Exported], prior: PriorWanted | None, wanted: Wanted, *, quiet: bool
) -> Iterator[Classified]:
    """Each conversation with its predictions; people see what is felt in the words themselves, stand-ins come after."""
    from nlpchat.classifier import classify

    shown = anonymised([one.chat for one in found], wanted)
    for one, chat in zip(found, shown, strict=True):
        if not quiet:
            say_warnings(chat)
        with _progress(chat.title, quiet=quiet) as progress:
            predictions = classify(one.chat, classifier, progress=progress)
        if prior is not None:
            predictions = _with_prior(predictions, classifier, prior, chat.title, quiet=quiet)
        export = chat.title if wanted.anonymise else " + ".join(map(str, one.paths))
        yield export, chat, predictions


def _with_prior(
    predictions: Predictions, classifier: Classifier, prior: PriorWanted, title: str, *, quiet: bool
) -> Predictions:
    from nlpchat.prior import with_prior

    moved, shares = with_prior(predictions, classifier.bundle, prior)
    if prior == "auto" and not quiet:
        said = ", ".join(f"{label} {share:.0%}" for label, share in zip(LABELS, shares, strict=True))
        click.echo(f"{title}: prior estimated from {len(moved):,} messages: {said}.", err=True)
    return moved


@contextmanager
def _progress(title: str, *, quiet: bool) -> Iterator[Progress | None]:
    """What is to be told how far it is: a bar on stderr, or None where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    from nlpchat.report.terminal import progress_bar

    with progress_bar(title, Console(stderr=True)) as progress:
        yield progress
