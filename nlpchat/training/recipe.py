"""What a training phase is told: one frozen record each. Unknown names fail, impossible values are said all at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from nlpchat.errors import RecipeError

AWD_RATES = "0.25,0.15,0.2,0.02,0.1"  # fastai's for language models, and the ones of ULMFiT's own scripts
_LISTS = (
    ("dropouts", (5,), "five rates from 0 to 1", AWD_RATES),
    ("momentum", (1, 2), "one or two numbers from 0 to 1", "0.95,0.85"),
)  # what is written as several numbers: field, how many, what they are


def _shares_in(text: str) -> tuple[float, ...]:
    """Numbers from 0 to 1 with commas between them; none at all when one of them is anything else."""
    try:
        found = tuple(float(one) for one in text.split(","))
    except ValueError:
        return ()
    return found if all(0 <= one <= 1 for one in found) else ()


class _Recipe:
    """What the recipes share: their checks, and a digest that says whether a checkpoint belongs to them."""

    _positive: tuple[str, ...] = ()
    _shares: tuple[str, ...] = ()
    dropouts: str
    momentum: str

    def __post_init__(self) -> None:
        faults = [f"{n} must be above 0, not {getattr(self, n)}" for n in self._positive if getattr(self, n) <= 0]
        faults += [
            f"{n} must be 0.0 to 1.0, not {getattr(self, n)}" for n in self._shares if not 0 <= getattr(self, n) <= 1
        ]
        faults += [
            f'{name} must be {said}, as in "{example}", not {getattr(self, name)!r}'
            for name, counts, said, example in _LISTS
            if len(_shares_in(getattr(self, name))) not in counts
        ]
        if faults:
            raise RecipeError(f"{type(self).__name__}: {'; '.join(faults)}.")

    def rates(self) -> tuple[float, ...]:
        """`dropouts` as numbers."""
        return _shares_in(self.dropouts)

    def momenta(self) -> tuple[float, float]:
        """`momentum` at both ends of a cycle and at its peak."""
        found = _shares_in(self.momentum)
        return found[0], found[-1]

    def as_config(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    def digest(self, *more: str) -> str:
        """The SHA-256 of the recipe and of whatever else the result depends on."""
        said = json.dumps([self.as_config(), *more], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True)
class PretrainRecipe(_Recipe):
    """A language model from nothing. Sizes as in AWD-LSTM (Merity et al. 2017); lr: peak of the one-cycle (Smith 2018).

    encoder: "awd-lstm" or "qrnn" (Bradbury et al. 2017). window, of a QRNN: tokens that each layer's gates see, 1 or 2, from
    the first layer up, the last one standing for those above: MultiFiT's "2,1". zoneout, of a QRNN: probability that a unit
    keeps its state. backward: texts are read from their end, and by whatever is made of the model too.

    In each recipe: schedule, "one-cycle", or "slanted", Howard and Ruder's triangles (2018, equation 3). momentum: Adam's first
    beta, at both ends of a cycle and at its peak; one number for one that stays. dropouts: AWD-LSTM's five rates (input,
    hidden, weight, embedding, output), which `dropout` scales. alpha, beta: AR and TAR (Merity et al. 2017, section 4.5).
    """

    emb: int = 400
    hidden: int = 400
    layers: int = 3
    norm: str = "pre"
    residual: bool = True
    encoder: str = "awd-lstm"
    window: str = "2,1"
    zoneout: float = 0.0
    backward: bool = False
    epochs: int = 1
    batch: int = 64
    bptt: int = 70
    lr: float = 3e-3
    weight_decay: float = 0.01
    clip: float = 0.4
    dropout: float = 0.3
    dropouts: str = AWD_RATES
    alpha: float = 0.0
    beta: float = 0.0
    schedule: str = "one-cycle"
    warmup: float = 0.1
    momentum: str = "0.95,0.85"
    precision: str = "auto"
    seed: int = 0

    _positive = ("emb", "hidden", "layers", "epochs", "batch", "bptt", "lr", "clip")
    _shares = ("warmup", "zoneout")

    def windows(self) -> tuple[int, ...]:
        """`window` as numbers. Raises RecipeError."""
        try:
            return tuple(int(one) for one in self.window.split(","))
        except ValueError as fault:
            raise RecipeError(f'window must be 1 or 2 for each layer, as in "2,1", not {self.window!r}.') from fault


@dataclass(frozen=True)
class FinetuneRecipe(_Recipe):
    """A language model made at home in other text (Howard and Ruder 2018, section 3.2).

    The first `frozen_epochs` train the embedding and the softmax alone; then all layers, each lower one at its upper
    neighbour's rate divided by `factor` (2.6). frozen_lr: the peak of the frozen epochs, as a multiple of lr.
    """

    epochs: int = 1
    frozen_epochs: int = 1
    batch: int = 64
    bptt: int = 70
    lr: float = 2e-3
    frozen_lr: float = 1.0
    factor: float = 2.6
    weight_decay: float = 0.01
    clip: float = 0.4
    dropout: float = 0.5
    dropouts: str = AWD_RATES
    alpha: float = 0.0
    beta: float = 0.0
    schedule: str = "one-cycle"
    warmup: float = 0.1
    momentum: str = "0.95,0.85"
    precision: str = "auto"
    seed: int = 0

    _positive = ("batch", "bptt", "lr", "frozen_lr", "factor", "clip")
    _shares = ("warmup",)


@dataclass(frozen=True)
class ClassifierRecipe(_Recipe):
    """The encoder made a classifier (Howard and Ruder 2018, section 3.3): gradual unfreezing, discriminative rates.

    epochs: of the last phase, when all layers train; gradual: epochs (or a part of one) of each phase before it, 0.0
    for none. cap: rows of one source in one epoch; class_power: 1.0 keeps each source's shares of labels, 0.0 draws
    its labels equally. held_out: share of groups kept for early stopping; noise: probability that a row is respelt the
    way people type; split: share of a row's pieces that are cut in two (subword regularisation); window: pieces of a text
    that are read, bos included; ngrams: buckets of the hashed n-gram half, 0 for none; long_from: pieces from which a text is
    long, with n-grams, factors and thresholds of its own, 0 for never; post_from: pieces from which a text with a link, a
    mention or a hashtag is a post, with a threshold of its own, 0 for never.
    """

    epochs: int = 3
    gradual: float = 0.2
    batch_tokens: int = 6000
    lr: float = 2e-3
    factor: float = 2.6
    weight_decay: float = 0.01
    clip: float = 0.4
    dropout: float = 0.5
    dropouts: str = AWD_RATES
    head_dropout: float = 0.2
    alpha: float = 0.0
    beta: float = 0.0
    schedule: str = "one-cycle"
    warmup: float = 0.1
    momentum: str = "0.95,0.85"
    hidden: int = 96
    label_smoothing: float = 0.05
    cap: int = 4000
    class_power: float = 0.5
    held_out: float = 0.1
    noise: float = 0.3
    split: float = 0.0
    window: int = 256
    ngrams: int = 2**18
    long_from: int = 50
    post_from: int = 12
    precision: str = "auto"
    seed: int = 0

    _positive = ("epochs", "batch_tokens", "lr", "factor", "clip", "hidden", "cap", "window")
    _shares = ("warmup", "gradual", "label_smoothing", "held_out", "noise", "split", "class_power", "head_dropout")
