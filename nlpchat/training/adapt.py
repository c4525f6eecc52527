"""One's own conversations in, a classifier at home in them out.

The language model is fine-tuned on the conversations (no labels are needed for that), its encoder becomes a classifier on the
labelled messages that come with nlpchat, and the two, this one and the one that ships, are averaged, three parts of the one that
ships to one of the new: what the one learnt from real texts is not lost, what the other learnt of these people counts.

Those labelled messages are invented, with more feeling in them than people put in theirs; so the new one's epoch and threshold of
neutral are chosen where it agrees best with the one that ships about the conversations themselves, and no weight is found on
messages like those that it alone learnt from.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpchat.bundle import MANIFEST, Bundle, default_folder, load_bundle
from nlpchat.chats import read_chats
from nlpchat.classifier import classify
from nlpchat.corpus.card import corpora_folder, read_cards
from nlpchat.errors import CorpusError, TrainingError
from nlpchat.files import digest, make_folder, written_beside
from nlpchat.training.chosen import CorpusOptions
from nlpchat.training.classifier import train_classifier
from nlpchat.training.ensemble import ensemble
from nlpchat.training.lm import finetune_lm
from nlpchat.training.recipe import ClassifierRecipe, FinetuneRecipe
from nlpchat.training.run import Pause

LM = FinetuneRecipe(epochs=3, frozen_epochs=1, batch=16, bptt=70, lr=1e-3, dropout=0.3, factor=1.6)
CLASSIFIER = ClassifierRecipe(epochs=2, gradual=0.2, batch_tokens=3000, lr=4e-3, factor=1.6, dropout=0.25, cap=20_000)
HELD_OUT = 0.1  # of the conversation, in stretches of 20 messages
# Of the one that ships and of the new one: half and half costs 4 points of macro-F1 on sms_dev, this 2.
WEIGHTS = (3, 1)
LEAST_MESSAGES = 200  # fewer say nothing of how somebody writes
_KIND, _TIER = "labelled", "own"  # of the cards whose files come with nlpchat


@dataclass(frozen=True, slots=True)
class Adapted:
    """What came of it. before, after: perplexity of the language model on held-out messages of the conversations.

    messages: texts in them; scores: the ensemble's, of its members and of itself (see ensemble.py).
    """

    bundle: Bundle
    messages: int
    before: float
    after: float

    @property
    def scores(self) -> dict[str, Any]:
        return dict(self.bundle.scores)


def adapt(
    exports: Sequence[str | Path], output: str | Path, *, samples: Sequence[str | Path] = (), check: Sequence[str | Path] = (),
    lm: FinetuneRecipe = LM, classifier: ClassifierRecipe = CLASSIFIER, base: str | Path | None = None,
    model: str | Path | None = None, resume: bool = False, pause: Pause | None = None,
) -> Adapted:  # fmt: skip
    """A classifier in the folder `output`, made for the conversations in `exports` (whatever `nlpchat parse` reads).

    samples: labelled files to learn from; those that come with nlpchat if none. check: labelled files that the result is measured
    on besides. base, model: the language model and the classifier to begin with; those that ship if None. resume: go on
    with what a stopped run has left in `output`.work.
    Raises ChatFormatError, TrainingError (too few messages; another run lies there; it was stopped), BundleError, CorpusError.
    """
    output = Path(output)
    texts = [
        message.text for export in exports for chat in read_chats(export) for message in chat if message.kind == "text"
    ]
    if len(texts) < LEAST_MESSAGES:
        raise TrainingError(
            f"{', '.join(map(str, exports))}: {len(texts)} text messages, and {LEAST_MESSAGES} are the least from which to learn how "
            "somebody writes. Give longer conversations, or use the model that comes with nlpchat as it is."
        )
    samples = list(samples) or shipped_samples()
    base, model = base or default_folder("lm"), model or default_folder()
    work = make_folder(output.with_name(f"{output.name}.work"))
    key = json.dumps(
        [
            [digest(p) for p in (*exports, *samples, Path(base) / MANIFEST, Path(model) / MANIFEST)],
            lm.as_config(),
            classifier.as_config(),
        ]
    )
    _same_run(work, key, resume)

    adapted = _done(work / "lm") or finetune_lm(
        base, exports, work / "lm", lm, CorpusOptions(HELD_OUT), resume=resume, pause=pause
    )
    shipped = load_bundle(model, kind="classifier")
    said = _said(shipped, texts, work / "conversations.jsonl")
    own = _done(work / "classifier") or train_classifier(
        adapted, samples, work / "classifier", classifier, dev=[said], resume=resume, pause=pause
    )
    bundle = ensemble([shipped, own], output, samples, check=check, weights=WEIGHTS)
    told: Any = adapted.scores
    shutil.rmtree(work)
    return Adapted(bundle, len(texts), told["perplexity_before"], told["perplexity"])


def shipped_samples() -> list[Path]:
    """The labelled files that come with nlpchat: those of the project's own. Raises CorpusError: there are none."""
    folder = corpora_folder()
    cards = [card for card in read_cards(folder) if card.kind == _KIND and card.tier == _TIER]
    found = [path for card in cards for source in card.sources if (path := card.path.parent / source.file).is_file()]
    if not found:
        raise CorpusError(
            f"{folder}: no labelled messages came with this nlpchat. Install it again, or give --samples."
        )
    return found


def _said(shipped: Bundle, texts: Sequence[str], path: Path) -> Path:
    """Each different one of `texts` with the label that `shipped` gives it, as the labelled file `path`."""
    if not path.exists():
        once = list(dict.fromkeys(text for text in texts if text.strip()))
        rows = [{"text": text, "label": said.label} for text, said in zip(once, classify(once, shipped), strict=True)]
        with written_beside(path) as beside:
            beside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _done(folder: Path) -> Bundle | None:
    return load_bundle(folder) if (folder / MANIFEST).is_file() else None


def _same_run(work: Path, key: str, resume: bool) -> None:
    """Raises TrainingError: a stopped run lies in `work` and is not to be gone on with, or is another one."""
    stamp = work / "adapt.json"
    if not stamp.exists():
        with written_beside(stamp) as beside:
            beside.write_text(key, encoding="utf-8")
        return
    if not resume:
        raise TrainingError(
            f"{work}: a stopped run lies there. Add --resume to go on, or delete the folder to begin anew."
        )
    if stamp.read_text(encoding="utf-8") != key:
        raise TrainingError(
            f"{work}: what was begun there was of other files, or of another recipe or model. Delete the folder to begin anew."
        )
