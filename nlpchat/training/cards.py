"""card.md of a trained model: what it is, how good it is, what it learnt from, what it is not for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nlpchat.records import LABELS

_LICENCES = (
    "Of the sets that nlpchat's own models use, origin, licence and tier are in corpora/*/card.toml of its repository."
)
_ENCODERS = {"awd-lstm": "AWD-LSTM", "qrnn": "QRNN"}
_LIMITS = """\
## Limits

* One message at a time: what only the messages around it explain is lost. Irony is read where the message itself shows it.
* French, mostly of France; any other language is a guess.
* Most messages are neutral; a weak feeling is read as none. One label proves nothing about anyone; a share over hundreds of
  messages says something. Not for medical, legal or hiring use, and not to judge people.
"""


def lm_card(manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    """The card of a language model, from its bundle's manifest."""
    shape, scores = manifest["architecture"], manifest["scores"]
    encoder = _ENCODERS[shape["encoder"]] + (", reading backward" if shape.get("backward") else "")
    return "\n".join(
        [
            "# A French language model for chats",
            "",
            f"{encoder}, {shape['layers']} layers of {shape['hidden']}, embedding {shape['emb']}, {shape['vocab_size']} pieces,"
            f" norm {shape['norm']}, residual {str(shape['residual']).lower()}.",
            "",
            f"Held out: perplexity {scores['perplexity']}, accuracy {scores['accuracy']:.3f} on {scores['held_out_tokens']} tokens"
            f" of documents it did not see; trained on {scores['trained_tokens']} tokens in all phases of its last run.",
            "",
            f"Recipe: `{json.dumps(recipe)}`",
            "",
            *_learnt_from(manifest["training"]),
        ]
    )


def classifier_card(manifest: Mapping[str, Any], rows: int, left_out: Mapping[str, int], dev: Sequence[str]) -> str:
    """The card of a classifier, from its bundle's manifest. rows: texts it learnt from."""
    told = manifest["scores"]
    chosen = f", {', '.join(dev)}" if dev else ""
    return "\n".join(
        [
            "# A French sentiment classifier for chats",
            "",
            f"Labels {', '.join(LABELS)}; reads at most {manifest['window']} pieces of a text. It learnt from {rows} labelled texts;"
            f" rows left out for their label: {json.dumps(left_out) if left_out else 'none'}.",
            "",
            "## Scores on groups held out, and on dev sets",
            "",
            "Not learnt from, in fp32, beside TF-IDF (words 1-2, characters 2-5) with a logistic regression on the same rows. They"
            f" helped to choose: the epoch and the threshold of neu by all held-out groups{chosen}; how much each half counts by the"
            " held-out groups. Two poles: pos against neg, of the rows that are one of them. ECE: expected calibration error.",
            "",
            *_table(told["held_out"]),
            "",
            *_tested(told.get("test", {})),
            f"How its two halves were put together: `{json.dumps(told['halves'])}`",
            "",
            *(f"{_calibrated(name, some)}" for name, some in told["calibration"].items()),
            "",
            f"Architecture and recipe: `{json.dumps(manifest['architecture'])}`",
            "",
            _LIMITS,
            *_learnt_from(manifest["training"]),
        ]
    )


def ensemble_card(manifest: Mapping[str, Any]) -> str:
    """The card of an ensemble, from its bundle's manifest."""
    scores, members = manifest["scores"], manifest["architecture"]["ensemble"]
    sets = {"held-out groups": {**scores, "ensemble": scores["held_out"]["all held-out groups"]}, **scores["check"]}
    lines = ["| set | classifier | weight | n | accuracy | macro-F1 | 95% interval | log loss | ECE |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for name, found in sets.items():
        lines += [_member_row(name, member, some) for member, some in found["members"].items()]
        lines.append(_member_row(name, "**ensemble**", found["ensemble"]))
    return "\n".join(
        [
            "# A French sentiment classifier for chats: several in one",
            "",
            f"Labels {', '.join(LABELS)}; reads at most {manifest['window']} pieces of a text. It says the weighted mean of the scores of"
            f" {len(members)} classifiers; a weight of 0 means that one was left out.",
            "",
            "## Scores",
            "",
            "In int8, as it runs. No member has learnt from the held-out groups, but each was chosen by them (its epoch, its halves,"
            " its temperature), and so were the weights; the ensemble's scores there are of each group by weights found without it."
            " Other sets chose nothing here. ECE: expected calibration error.",
            "",
            *lines,
            "",
            "## Members",
            "",
            *(_member(one) for one in members),
            "",
            _LIMITS,
            *_learnt_from(manifest["training"]),
        ]
    )


def shipped_table(scores: Mapping[str, Any]) -> str:
    """What an export adds to a classifier's card: the int8 graph's scores beside the fp32 graph's."""
    lines = ["", "## As shipped, in int8", ""]
    lines += ["| set | n | accuracy | macro-F1 | 95% interval | macro-F1 in fp32 |", "|---|---|---|---|---|---|"]
    for name, some in scores.items():
        cells = [
            name,
            some["n"],
            f"{some['accuracy']:.3f}",
            f"{some['macro_f1']:.3f}",
            _interval(some),
            f"{some['macro_f1_fp32']:.3f}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])


def _table(scores: Mapping[str, Any]) -> list[str]:
    return [
        "| set | n | accuracy | macro-F1 | 95% interval | two poles (n) | ECE | TF-IDF macro-F1 | TF-IDF two poles |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(name, some) for name, some in scores.items()),
    ]


def _tested(scores: Mapping[str, Any]) -> list[str]:
    """The sets that chose nothing."""
    if not scores:
        return []
    return [
        "## Scores on sets that chose nothing",
        "",
        "Of none of their sources was a row learnt from.",
        "",
        *_table(scores),
        "",
    ]


_MEASURES = {"macro_f1": "macro-F1", "two_pole_accuracy": "two poles, accuracy", "ece": "expected calibration error"}


def seeds_table(told: Mapping[str, Any]) -> str:
    """What an export adds to a card: the mean and spread over trainings with other seeds (see seeds.over_seeds)."""
    seeds = told["seeds"]
    lines = ["", "## Over seeds", ""]
    lines += [
        f"{len(seeds)} trainings that differ in their seed alone ({', '.join(map(str, seeds))}; the first ships): mean, standard deviation,"
        " least and most. The 95% interval is of the one that ships: a bootstrap for macro-F1, Wilson's for an accuracy.",
        "",
        "| set | measure | n | mean | sd | least to most | 95% interval |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, measures in told["sets"].items():
        for measure, some in measures.items():
            sd = "" if some["sd"] is None else f"{some['sd']:.3f}"
            interval = "" if some["interval"] is None else _interval(some)
            cells = [name, _MEASURES[measure], some["n"], f"{some['mean']:.3f}", sd]
            cells += [f"{some['least']:.3f} to {some['most']:.3f}", interval]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])


def unseen_table(told: Mapping[str, Any]) -> str:
    """What an export adds: scores of the same recipe on whole sources left out of training, in turn."""
    lines = ["", "## Of a kind not trained on", ""]
    lines += [
        "The same recipe trained without these sources, some at a time, and measured on all their rows; TF-IDF on the same rows beside.",
        "", *_table(told),
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def hard_table(told: Mapping[str, Any]) -> str:
    """What an export adds: how many texts of each hard kind are read right, and some that are not."""
    lines = [
        "",
        "## What it gets wrong",
        "",
        "Invented messages, by what makes them hard; none was learnt from. As shipped.",
        "",
    ]
    lines += ["| kind | right |", "|---|---|"]
    lines += [f"| {name} | {some['right']} of {some['n']} |" for name, some in told["kinds"].items()]
    lines += ["", "| kind | text | meant | said |", "|---|---|---|---|"]
    for one in told["wrong"]:
        text = one["text"].replace("|", "\\|")
        lines.append(f"| {one['kind']} | {text} | {one['label']} | {one['said']} ({one['score']:.2f}) |")
    return "\n".join([*lines, ""])


def _row(name: str, scores: Mapping[str, Any]) -> str:
    beside = scores.get("baseline", {})
    cells = [name, scores["n"], f"{scores['accuracy']:.3f}", f"{scores['macro_f1']:.3f}", _interval(scores)]
    poles = scores.get("two_pole_accuracy")
    cells.append("" if poles is None else f"{poles:.3f} ({scores['two_pole_n']})")
    cells.append(f"{scores['ece']:.3f}" if "ece" in scores else "")
    cells += [f"{beside[key]:.3f}" if key in beside else "" for key in ("macro_f1", "two_pole_accuracy")]
    return f"| {' | '.join(map(str, cells))} |"


def _calibrated(name: str, told: Mapping[str, Any]) -> str:
    """How far its scores may be taken at their word, in one line of a list; told: a Calibration as JSON."""
    return (
        f"* {name}: expected calibration error of the scores on the {told['n']} held out: {told['ece_before']:.3f} before, and"
        f" {told['ece_after']:.3f} after temperature scaling (Guo et al. 2017), each group by a temperature fitted without it; the"
        f" temperature of all, {told['temperature']:.3f}, is in its weights."
    )


def _member_row(name: str, member: str, scores: Mapping[str, Any]) -> str:
    weight = f"{scores['weight']:.3f}" if "weight" in scores else ""
    shares = (f"{scores['accuracy']:.3f}", f"{scores['macro_f1']:.3f}", _interval(scores))
    cells = [name, member, weight, scores["n"], *shares, f"{scores['log_loss']:.3f}", f"{scores['ece']:.3f}"]
    return f"| {' | '.join(map(str, cells))} |"


def _member(told: Mapping[str, Any]) -> str:
    return (
        f"* {told['name']}, weight {told['weight']:.3f}, made {told['created']}, bundle.json sha256 `{told['digest']}`:"
        f" `{json.dumps(told['architecture'])}`"
    )


def _interval(scores: Mapping[str, Any]) -> str:
    low, high = scores["interval"]
    return f"{low:.3f} to {high:.3f}"


def _learnt_from(training: Sequence[Mapping[str, Any]]) -> list[str]:
    names = dict.fromkeys(f"* {entry['name']} (sha256 {str(entry['digest'])[:12]}...)" for entry in training)
    return ["## What it learnt from, the language model's texts first", "", _LICENCES, "", *names, ""]
