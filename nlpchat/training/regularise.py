"""AR and TAR, activation regularisation and its temporal kind (Merity et al. 2017, section 4.5), as fastai's callbacks."""

from __future__ import annotations

from typing import Any

from fastai.callback.core import Callback
from fastai.callback.rnn import RNNRegularizer
from torch import Tensor


class RNNOutputs(Callback):  # type: ignore[misc]
    """(states with dropout, raw states) of a language model -> what fastai's RNNRegularizer and the loss look for."""

    name = "rnn"  # where RNNRegularizer looks

    def after_pred(self) -> None:
        self.out, self.raw_out = self.learn.pred
        self.learn.pred = self.out


class EncoderStates(Callback):  # type: ignore[misc]
    """The states of a classifier's encoder, noted as they pass, for RNNRegularizer: the classifier gives logits alone."""

    name = "rnn"

    def before_fit(self) -> None:
        model = getattr(self.learn.model, "module", self.learn.model)
        self._hook = model.encoder.register_forward_hook(self._note)

    def _note(self, _module: Any, _given: Any, states: Tensor) -> None:
        self.out = self.raw_out = states

    def after_fit(self) -> None:
        self._hook.remove()


def regularised(outputs: Callback, alpha: float, beta: float) -> tuple[Callback, ...]:
    """`outputs`, and what adds alpha and beta times the penalties to the loss, when there is any."""
    return (outputs, RNNRegularizer(alpha, beta)) if alpha or beta else (outputs,)
