"""One folder, one model: what it is, its tokenizer, its weights and its card; saved, loaded, checked.

fr-small/
  bundle.json        everything below as a record, with a SHA-256 for each file
  tokenizer.model    SentencePiece
  model.int8.onnx    the classifier as it runs (model.onnx: the same in fp32)
  idf.npy            weights of the n-gram buckets, where the classifier reads n-grams
  weights.safetensors  the weights to train on from; never a pickle
  card.md            for people: what it was trained on, how good it is. Not under a digest: it may be edited.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nlpchat
from nlpchat.errors import BundleError, InputError
from nlpchat.files import digest, folder_written_beside
from nlpchat.records import LABELS
from nlpchat.text.ngrams import NgramSpec
from nlpchat.text.normalise import NORMALISER_VERSION

BundleKind = Literal["lm", "classifier"]

FORMAT = 1  # of bundle.json and of what its files mean; raised when an older nlpchat would misread a bundle
MANIFEST = "bundle.json"
TOKENIZER = "tokenizer.model"
ONNX_INT8 = "model.int8.onnx"
ONNX_FP32 = "model.onnx"
IDF = "idf.npy"
WEIGHTS = "weights.safetensors"
CARD = "card.md"

_TYPES: dict[str, type | tuple[type, ...]] = {
    "format": int,
    "kind": str,
    "architecture": dict,
    "labels": (list, type(None)),
    "normaliser": int,
    "vocab_size": int,
    "window": int,
    "ngrams": (dict, type(None)),
    "training": list,
    "scores": dict,
    "files": dict,
    "created": str,
    "nlpchat": str,
}
_OPTIONAL = ("labels", "ngrams")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model on disk: where it is and what bundle.json says of it.

    window: the most pieces that the model reads of a text, bos included. ngrams: the features it reads beside
    them, if any. training: what it learnt from, {name, digest, rows or tokens}. files: name -> SHA-256.
    """

    folder: Path
    kind: BundleKind
    labels: tuple[str, ...]
    normaliser: int
    vocab_size: int
    window: int
    ngrams: NgramSpec | None
    architecture: Mapping[str, object]
    training: tuple[Mapping[str, object], ...]
    scores: Mapping[str, object]
    files: Mapping[str, str]
    created: str
    nlpchat: str

    def path(self, name: str) -> Path:
        """Where one of its files lies. Raises BundleError: the bundle has no such file."""
        if name not in self.files:
            raise BundleError(f"{self.folder}: this {self.kind} bundle has no {name}; it has {_and(self.files)}.")
        return self.folder / name


def load_bundle(path: str | Path | None = None, *, kind: BundleKind | None = None) -> Bundle:
    """The model in the folder `path` (the one that comes with nlpchat if None), each of its files checked.

    kind: what it must be. Raises BundleError: no such model, damaged, of a newer format, or of another kind.
    """
    folder = Path(path) if path is not None else default_folder()
    if not folder.is_dir() and path is None:
        raise BundleError(f"{folder}: this copy of nlpchat has no default model. Reinstall it, or give --model FOLDER.")
    bundle = _read(folder)
    if kind is not None and bundle.kind != kind:
        raise BundleError(
            f"{folder}: this is a bundle of kind {bundle.kind!r}, and {kind!r} is needed. {_ADVICE[kind]}"
        )
    for name, expected in bundle.files.items():
        _check_file(folder, name, expected)
    return bundle


def default_folder(kind: BundleKind = "classifier") -> Path:
    """Where the classifier (or the language model, to fine-tune from) that comes with nlpchat lies."""
    return Path(nlpchat.__file__).parent / "models" / ("fr-small" if kind == "classifier" else "fr-small-lm")


def save_bundle(
    folder: str | Path, manifest: Mapping[str, object], files: Mapping[str, Path | bytes], *, card: str = ""
) -> Bundle:
    """The bundle that is now in `folder`: an older one there is replaced, and only when all is written.

    manifest: the keys of bundle.json but format, files and nlpchat, which are filled in here. files: name ->
    a file to copy, or its bytes. Raises BundleError for a manifest that would not load again, OutputError.
    """
    folder = Path(folder)
    with folder_written_beside(folder) as beside:
        for name, content in files.items():
            if isinstance(content, bytes):
                (beside / name).write_bytes(content)
            else:
                shutil.copyfile(content, beside / name)
        digests = {name: digest(beside / name) for name in sorted(files)}
        fixed = {"format": FORMAT, "nlpchat": nlpchat.__version__, "files": digests}
        whole = {"normaliser": NORMALISER_VERSION, **manifest, **fixed}
        _bundle(folder, whole)
        text = json.dumps({key: whole[key] for key in _TYPES if key in whole}, ensure_ascii=False, indent=2)
        (beside / MANIFEST).write_text(text + "\n", encoding="utf-8")
        if card:
            (beside / CARD).write_text(card, encoding="utf-8")
    return load_bundle(folder)


_ADVICE = {
    "lm": "Give a language model, as pretrain-lm and finetune-lm write.",
    "classifier": "Give a classifier, as train-classifier writes.",
}
_AGAIN = "Copy or install the model again, or train it anew."


def _read(folder: Path) -> Bundle:
    if folder.is_file():
        raise BundleError(f"{folder}: a model is a folder with {MANIFEST} in it, and this is a file. Give its folder.")
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such model folder. Check the path.")
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise BundleError(f"{folder}: no {MANIFEST} in it, so this is no nlpchat model. Check the path.") from fault
    except OSError as fault:
        raise BundleError(f"{folder / MANIFEST}: cannot be read ({fault.strerror}).") from fault
    except ValueError as fault:  # JSON and UTF-8 faults both
        raise BundleError(f"{folder / MANIFEST}: damaged, not valid JSON ({fault}). {_AGAIN}") from fault
    return _bundle(folder, content)


def _bundle(folder: Path, content: object) -> Bundle:
    where = folder / MANIFEST
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise BundleError(f"{where}: no format number in it, so this is no nlpchat model. Check the path.")
    if content["format"] > FORMAT:
        raise BundleError(
            f"{where}: format {content['format']}, and this nlpchat ({nlpchat.__version__}) reads up to "
            f"{FORMAT}. Install a newer nlpchat."
        )
    if faults := _faults(content):
        raise BundleError(f"{where}: {'; '.join(faults)}. {_AGAIN}")
    if content["normaliser"] != NORMALISER_VERSION:
        raise BundleError(
            f"{where}: trained on texts of normaliser {content['normaliser']}, and this nlpchat "
            f"({nlpchat.__version__}) has normaliser {NORMALISER_VERSION}, so it would misread them. "
            f"Use nlpchat {content['nlpchat']}, or train the model anew."
        )
    return Bundle(
        folder=folder,
        ngrams=_ngram_spec(content.get("ngrams")),
        labels=tuple(content.get("labels") or ()),
        training=tuple(content["training"]),
        **{k: content[k] for k in ("kind", "normaliser", "vocab_size", "window", "architecture")},
        **{k: content[k] for k in ("scores", "files", "created", "nlpchat")},
    )


def _faults(content: Mapping[str, object]) -> list[str]:
    """Everything that is wrong with a bundle.json of our format, all at once."""
    missing = [key for key in _TYPES if key not in content and key not in _OPTIONAL]
    faults = [f"without {_and(missing)}"] if missing else []
    wrong = [key for key, kind in _TYPES.items() if key in content and not isinstance(content[key], kind)]
    if missing or wrong:
        return faults + [f"{key} is of another type than expected" for key in wrong]
    if content["kind"] not in _ADVICE:
        faults.append(f"kind {content['kind']!r} is neither 'lm' nor 'classifier'")
    if content["kind"] == "classifier" and content.get("labels") != list(LABELS):
        faults.append(f"labels are {content.get('labels')} instead of {list(LABELS)}")
    files = content["files"]
    assert isinstance(files, dict)
    if outside := [name for name in files if Path(name).name != name or name in ("", ".", "..")]:
        faults.append(f"files outside the folder ({_and(outside)})")
    if TOKENIZER not in files:
        faults.append(f"no {TOKENIZER} among its files")
    ngrams = content.get("ngrams")
    if ngrams is not None:
        faults += _ngram_faults(ngrams, files)
    return faults


def _ngram_faults(ngrams: object, files: Mapping[str, object]) -> list[str]:
    try:
        spec = _ngram_spec(ngrams)
    except (KeyError, TypeError, ValueError):
        return ["ngrams is not {buckets, words: [shortest, longest], chars: [shortest, longest]}"]
    if spec is not None and not 0 < spec.buckets < 1 << 31:
        return ["ngrams.buckets is not between 1 and 2**31"]
    return [] if IDF in files else [f"it reads n-grams, and has no {IDF} among its files"]


def _ngram_spec(content: object) -> NgramSpec | None:
    if content is None:
        return None
    if not isinstance(content, dict):
        raise TypeError("ngrams")
    (w, ww), (c, cc) = content["words"], content["chars"]
    return NgramSpec(int(content["buckets"]), (int(w), int(ww)), (int(c), int(cc)))


def _check_file(folder: Path, name: str, expected: str) -> None:
    file = folder / name
    if not file.is_file():
        raise BundleError(f"{file}: missing from the model. {_AGAIN}")
    try:
        found = digest(file)
    except InputError as fault:
        raise BundleError(str(fault)) from fault
    if found != expected:
        raise BundleError(f"{file}: damaged, it is not the file that {MANIFEST} describes (SHA-256 differs). {_AGAIN}")


def _and(names: object) -> str:
    assert isinstance(names, (list, tuple, dict))
    return ", ".join(map(str, names)) or "nothing"
