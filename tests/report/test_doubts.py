"""The warnings of a French report: each sentence that a reader can say has its French, and names pass through."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.bundle import Bundle
from nlpchat.chats.containers import Source
from nlpchat.chats.pseudonyms.anonymise import anonymise
from nlpchat.chats.reading import Reading, read_exports
from nlpchat.chats.telegram import read_telegram
from nlpchat.chats.whatsapp.date_order import Evidence, decide
from nlpchat.predictions import Predictions
from nlpchat.records import Chat, Warning
from nlpchat.report.data import report_data
from nlpchat.report.doubts import in_french
from tests.report.sample_data import HOSTILE

ROOT = Path(__file__).parents[2]
READERS = ROOT / "nlpchat" / "chats"
HERE = ROOT / "tests" / "chats"
SHARED = ROOT.parent / "shared" / "chats"
ENDINGS = {".txt", ".md", ".json", ".html", ".htm", ".zip"}
# Words that no French sentence has; the name of an option is taken out before.
ENGLISH = re.compile(r"\b(?:the|was|were|of|they|left|taken|counted|read|first|without|messages (?:with|that))\b")


def said(sentence: str) -> str:
    """The sentence with the spaces of a keyboard, as it reads."""
    return sentence.replace("\u00a0", " ").replace("\u202f", " ")


def unknown(sentences: set[str]) -> list[str]:
    return sorted(what for what in sentences if in_french(what) == what or ENGLISH.search(in_french(what)))


# A sentence, and its French below it.
PAIRS = """
lines before the first message, left out
    lignes avant le premier message, laissées de côté
the times are in UTC; --tz gives another zone
    les heures sont en UTC ; --tz donne un autre fuseau
there were 12 texts; Ann.txt was read
    il y avait 12 textes ; « Ann.txt » a été lu
a b.html: a page on which no message was understood
    « a b.html » : une page où aucun message n’a été compris
1 places are not valid UTF-8 and were replaced by \ufffd
    1 endroit n’est pas de l’UTF-8 valide et a été remplacé par \ufffd
2 places are not valid UTF-8 and were replaced by \ufffd
    2 endroits ne sont pas de l’UTF-8 valide et ont été remplacés par \ufffd
12,345 messages that several of the exports hold, counted once
    12 345 messages présents dans plusieurs de ces exports, comptés une seule fois
1 messages that several of the exports hold, counted once
    1 message présent dans plusieurs de ces exports, compté une seule fois
messages with over 1000 reactions of one kind, the rest left out
    messages qui ont plus de 1 000 réactions d’une même sorte, le reste laissé de côté
the dates were read year first, as they are written
    les dates ont été lues l’année d’abord, comme elles sont écrites
--date-order dmy was not used: the month is written as a word
    --date-order dmy n’a pas servi : le mois est écrit en lettres
the dates were read day first: 1,203 of 4,000 lines have a date that exists in no other order
    les dates ont été lues le jour d’abord : 1 203 lignes sur 4 000 ont une date qui n’existe dans aucun autre ordre
the dates were read month first: 3 of 9 lines have a date that exists in no other order, 1 have none in this one; if that is wrong, give --date-order dmy
    les dates ont été lues le mois d’abord : 3 lignes sur 9 ont une date qui n’existe dans aucun autre ordre, 1 n’en a pas dans celui-ci ; si c’est faux, donnez --date-order dmy
from here on, the dates were read day first: month first they would go back in time 5 times instead of 2
    à partir d’ici, les dates ont été lues le jour d’abord : lues le mois d’abord, elles remonteraient le temps 5 fois au lieu de 2
the dates were read day first: month first they would go back in time once; of the Islamic calendar, so that each may be a day off
    les dates ont été lues le jour d’abord : lues le mois d’abord, elles remonteraient le temps une fois ; elles sont du calendrier musulman, et chacune peut être décalée d’un jour
from here on, --date-order ymd was not used: the year is written last; the dates were read day first: they could mean 2024-04-03 (day first) or no date (month first); if that is wrong, give --date-order mdy
    à partir d’ici, --date-order ymd n’a pas servi : l’année est écrite en dernier ; les dates ont été lues le jour d’abord : elles pourraient vouloir dire le 3 avril 2024 (le jour d’abord) ou aucune date (le mois d’abord) ; si c’est faux, donnez --date-order mdy
the dates were read month first: they could mean 2024-08-01 (day first) or 2024-01-08 (month first), and AM or PM is mostly American
    les dates ont été lues le mois d’abord : elles pourraient vouloir dire le 1er août 2024 (le jour d’abord) ou le 8 janvier 2024 (le mois d’abord), et AM ou PM est surtout américain
the dates were read day first: 1 of 2 dates in names of attached files agree
    les dates ont été lues le jour d’abord : 1 date sur 2 dans les noms des fichiers joints concorde
the dates were read day first: month first they would spread 9 days over 270
    les dates ont été lues le jour d’abord : lues le mois d’abord, elles étaleraient 9 jours sur 270
""".strip().splitlines()  # noqa: E501


@pytest.mark.parametrize(("english", "french"), [*zip(PAIRS[::2], map(str.strip, PAIRS[1::2]), strict=True)])
def test_a_sentence_in_french(english: str, french: str):
    assert said(in_french(english)) == french


def test_typography_is_french():
    assert in_french("there were 1,200 texts; a : b; « c ».txt was read") == (
        "il y avait 1\u202f200 textes\u00a0; «\u00a0a : b; « c ».txt\u00a0» a été lu"
    )


def test_how_often_and_where_are_put_into_french_too():
    warnings = (
        Warning("lines before the first message, left out", 1234, 77),
        Warning("either order gives the same days", 3),
    )
    assert [said(in_french(str(warning))) for warning in warnings] == [
        "lignes avant le premier message, laissées de côté : 1 234 (d’abord ligne 77)",
        "les deux ordres donnent les mêmes jours : 3",
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.text())
def test_any_other_text_stays_as_it_is(text: str):
    assert in_french(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *HOSTILE,
        "{n} exports of this conversation were read as one",
        "٣ exports of this conversation were read as one",
        "1,23 exports of this conversation were read as one",
        f"{'9' * 5000} exports of this conversation were read as one",
        "messages without a sender, taken for notices.",
        "Messages without a sender, taken for notices",
        "from here on, something new",
        "something new: 3 (first: line 7)",
        "the dates were read day first: they could mean 2024-13-03 (day first) or 2024-03-04 (month first)",
        "from here on, " * 10_000 + "either order gives the same days",
        "either order gives the same days" + "; if that is wrong, give --date-order mdy" * 10_000,
        "a: 1" * 50_000,
    ],
)
def test_what_only_looks_like_a_sentence_stays_as_it_is(text: str):
    assert in_french(text) == text


NAMES = [*HOSTILE, "{n}", "{said}", "{0.__class__}", "a\nb", "x\\1", "1,000.html", "from here on, there were 2 texts; a was read",
         "there were 2 texts; a", "lines before the first message, left out", "« a »  : b", "n" * 1_000_000]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES) | st.text(min_size=1))
def test_names_pass_through_untouched(name: str):
    page = in_french(f"{name}: a page on which no message was understood")
    assert page == f"«\u00a0{name}\u00a0»\u00a0: une page où aucun message n’a été compris"
    assert (
        in_french(f"there were 2 texts; {name} was read") == f"il y avait 2 textes\u00a0; «\u00a0{name}\u00a0» a été lu"
    )


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_report_says_them_in_its_language(bundle: Bundle, lang: str):
    new = "a warning that nobody has put into French </script>"
    warnings = (Warning("messages without a sender, taken for notices", 3, 7, ("the times are in UTC",)), Warning(new))
    empty = Predictions(
        np.zeros(0, np.int32), np.zeros((0, 3), np.float32), np.zeros(0, np.int32), np.zeros(0, np.bool_)
    )
    told = report_data(Chat("t", "telegram", (), (), warnings), empty, bundle, lang=lang)["read"]["warnings"]  # type: ignore[index]
    first = "messages sans expéditeur, pris pour des notifications" if lang == "fr" else warnings[0].what
    assert told == [{**warnings[0].as_json(), "what": first}, warnings[1].as_json()]


# What the readers say of real exports.


def sentences_of(paths: list[Path]) -> set[str]:
    """Every warning about these exports, each read in every way that changes what is said."""
    found: set[str] = set()
    for how in (Reading(date_order="dmy"), Reading(date_order="ymd"), Reading()):
        read, _ = read_exports(paths, how)
        found |= {warning.what for one in read for warning in one.chat.warnings}
    # One by one: with everybody of all of them, somebody's name would be a word of a sentence.
    shown = [chat for one in read for chat in anonymise([one.chat], "a key")]
    return found | {warning.what for chat in shown for warning in chat.warnings}


def exports_in(folder: Path) -> list[Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in ENDINGS)
    return [path for path in files if "reference" not in path.parts and not path.stem.startswith(("LICENSE", "README"))]


def test_what_is_said_of_the_fixtures_has_its_french():
    exports = exports_in(HERE)
    assert len(exports) > 30
    found = sentences_of(exports)
    assert len(found) > 30
    assert unknown(found) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared/chats beside the checkout")
def test_what_is_said_of_other_projects_exports_has_its_french():
    exports = exports_in(SHARED)
    assert len(exports) > 40
    archives = [path.parent for path in SHARED.rglob("your_*activity*")]
    assert archives
    found = sentences_of([*exports, *archives])
    assert len(found) > 20
    assert unknown(found) == []


def test_what_is_said_of_days_and_months_has_its_french():
    draw, found = Random(3), set()
    for _ in range(3000):
        days = [(draw.choice((4, 5, 12, 13, 31, 0, 32)), draw.choice((4, 5, 6, 12, 13)), draw.choice((20, 24, 2024)))
                for _ in range(draw.randint(1, 4))]  # fmt: skip
        named = [(0, date(2024, 4, 5) + timedelta(days=draw.choice((0, 29)))) for _ in range(draw.randint(0, 1))]
        evidence = Evidence(days, [draw.choice((1, 2, 1500)) for _ in days], lambda named=named: named,
                            draw.random() < 0.5, draw.random() < 0.5, draw.choice((2, 4)))  # fmt: skip
        found.add(decide(evidence).told)
    for reason in ("either order", "in no other order", "none in this one", "back in time", "attached files agree",
                   "AM or PM", "dots or dashes", "would spread"):  # fmt: skip
        assert any(reason in told for told in found), reason
    assert unknown(found) == []


# What the code of the readers can say.

HOLE = "\0"  # where a sentence has something that only running tells
FILLINGS = ("7", "2024-03-04", "Ann.txt", "dmy", "the dates were read day first, as asked")
# Warnings whose sentence is whole somewhere else, and is found there.
PASSED_ON = {
    "chats/meta/html_threads.py: doubt",
    "chats/pseudonyms/anonymise.py: self.text(w.what)",
    "chats/tally.py: what",
}


class Code:
    """The source of all readers, and which sentences an expression of it can be: a hole for each part that is not known."""

    def __init__(self, trees: dict[Path, ast.Module]) -> None:
        self.trees = trees
        self.module: dict[ast.AST, Path] = {}
        self.function: dict[ast.AST, ast.FunctionDef | None] = {}
        for path, tree in trees.items():
            self._place(tree, path, None)
        self.calls = [node for node in self.module if isinstance(node, ast.Call)]
        self.records = [node for node in self.module if isinstance(node, ast.ClassDef)]
        self.functions = [node for node in self.module if isinstance(node, ast.FunctionDef)]
        self.resolving: list[object] = []

    def _place(self, node: ast.AST, path: Path, function: ast.FunctionDef | None) -> None:
        self.module[node], self.function[node] = path, function
        for child in ast.iter_child_nodes(node):
            self._place(child, path, node if isinstance(node, ast.FunctionDef) else function)

    def warnings(self) -> Iterator[ast.expr]:
        """The expressions that become the sentence of a warning: Warning(HERE, ...), tally.add(HERE, line)."""
        tallies = {self.module[node] for node in self.module if isinstance(node, ast.ImportFrom)
                   and node.module == "nlpchat.chats.tally" and any(name.name == "Tally" for name in node.names)}  # fmt: skip
        for call in self.calls:
            # A set's `add` takes one thing, a tally's at least two.
            added = isinstance(call.func, ast.Attribute) and call.func.attr == "add" and self.module[call] in tallies
            if called(call, "Warning") or (added and len(call.args) + len(call.keywords) > 1):
                yield argument(call, 0, "what") or call

    def texts(self, node: ast.AST) -> set[str]:
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=parts):
                return self.joined(parts)
            case ast.FormattedValue(value=value, conversion=-1):
                return self.texts(value)
            case ast.IfExp(body=body, orelse=other):
                return self.texts(body) | self.texts(other)
            case ast.BoolOp(values=values):
                return set().union(*map(self.texts, values))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.joined([left, right])
            case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call():
                return self.looked_up(node)
        return {HOLE}

    def joined(self, parts: list[ast.expr]) -> set[str]:
        return {"".join(choice) for choice in product(*map(self.texts, parts))}

    def looked_up(self, node: ast.expr) -> set[str]:
        """What the definitions of a name, an attribute, a dictionary or a function give; a hole without any."""
        what = (self.module[node], self.function[node], ast.unparse(node))
        if what in self.resolving:
            return {HOLE}
        self.resolving.append(what)
        try:
            return set().union(*map(self.texts, self.definitions(node))) or {HOLE}
        finally:
            self.resolving.pop()

    def definitions(self, node: ast.expr) -> Iterator[ast.expr]:
        match node:
            case ast.Name():
                yield from self.of_name(node)
            case ast.Attribute(attr=name):
                yield from self.of_field(name)
            case ast.Subscript(value=ast.Name() as table):
                for found in self.of_name(table):
                    yield from found.values if isinstance(found, ast.Dict) else ()
            case ast.Call(func=ast.Name(id=name)):
                for function in self.functions:
                    if function.name == name and self.module[function] == self.module[node]:
                        yield from (n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value)

    def of_name(self, name: ast.Name) -> Iterator[ast.expr]:
        """What is assigned to it in its function, given for it where that is called, or a constant of this or any module."""
        function = self.function[name]
        if function is not None and (local := list(assigned(name.id, ast.walk(function)))):
            yield from local
            return
        parameters = [parameter.arg for parameter in function.args.args] if function else []
        if function is not None and name.id in parameters:
            calls = [
                call for call in self.calls if called(call, function.name) and self.module[call] == self.module[name]
            ]
            yield from filter(None, (argument(call, parameters.index(name.id), name.id) for call in calls))
            return
        here = self.trees[self.module[name]]
        yield from next(
            (found for tree in (here, *self.trees.values()) if (found := list(assigned(name.id, tree.body)))), []
        )

    def of_field(self, name: str) -> Iterator[ast.expr]:
        """What the field of a record is made of, wherever one of the readers' records with it is made or changed."""
        for record in self.records:
            fields = [line.target.id for line in record.body if isinstance(line, ast.AnnAssign)]
            for call in self.calls if name in fields else ():
                if called(call, record.name) and (value := argument(call, fields.index(name), name)):
                    yield value
                if called(call, "replace"):
                    yield from (keyword.value for keyword in call.keywords if keyword.arg == name)


def called(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == name


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return named or (call.args[place] if place < len(call.args) else None)


def assigned(name: str, nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (node.value for target in targets if isinstance(target, ast.Name) and target.id == name)


def sentences_in(code: Code) -> tuple[set[str], set[str]]:
    """Every sentence that the code can say, holes in it; and the expressions of which nothing is known."""
    found, passed_on = set(), set()
    for node in code.warnings():
        texts = code.texts(node)
        if texts == {HOLE}:
            passed_on.add(f"{code.module[node].relative_to(ROOT / 'nlpchat').as_posix()}: {ast.unparse(node)}")
        found |= texts - {HOLE, ""}
    return found, passed_on


def filled(sentence: str) -> Iterator[str]:
    first, *rest = sentence.split(HOLE)
    for parts in product(FILLINGS, repeat=len(rest)):
        yield first + "".join(part + words for part, words in zip(parts, rest, strict=True))


def without_french(sentences: set[str]) -> list[str]:
    return sorted(
        sentence.replace(HOLE, "{}") for sentence in sentences if all(unknown({one}) for one in filled(sentence))
    )


def test_whatever_the_readers_can_say_has_its_french():
    sentences, passed_on = sentences_in(
        Code({path: ast.parse(path.read_text("utf-8")) for path in READERS.rglob("*.py")})
    )
    assert passed_on == PASSED_ON
    assert len(sentences) > 100
    for kind in ("lines before the first message", "messages that their author unsent", "codes of stand-ins", "{} exports of",
                 "places are not valid UTF-8", "the Islamic calendar", "from here on, --date-order ymd", "back in time once",
                 "messages that Telegram", "(month first), and AM or PM", "; --tz gives another zone"):  # fmt: skip
        assert any(kind in sentence.replace(HOLE, "{}") for sentence in sentences), kind
    assert without_french(sentences) == []


@pytest.mark.parametrize(
    ("code", "sentences"),
    [
        ("Warning('new')", ["new"]),
        ("A = 'new'\ndef f():\n    return Warning(f'{A}, and {len(x)} more', 3)", ["new, and {} more"]),
        ("def f(n):\n    what = 'one' if n else 'many'\n    what2 = what + '!'\n    yield Warning(what=what2)", ["many!", "one!"]),
        ("def g(why):\n    return Warning(f'so: {why}')\ndef f():\n    return g('a'), g(why='b')", ["so: a", "so: b"]),
        ("class D:\n    order: str\n    told: str\ndef f(d):\n    D(1, 'told'); Warning(d.told)", ["told"]),
        ("N = {1: 'a', 2: 'b'}\ndef w(): return 'w'\ndef f(k): Warning(f'{N[k]} {w()}')", ["a w", "b w"]),
        ("from nlpchat.chats.tally import Tally\ndef f(t, seen): t.add('new', 3); seen.add('no')", ["new"]),
        ("def f(t): t.add('no', 3)", []),
    ],
)  # fmt: skip
def test_a_new_sentence_is_found(code: str, sentences: list[str]):
    found, passed_on = sentences_in(Code({READERS / "new.py": ast.parse(code)}))
    assert (sorted(one.replace(HOLE, "{}") for one in found), passed_on) == (sentences, set())
    assert without_french(found) == sentences


def test_a_sentence_of_which_nothing_is_known_is_found():
    found, passed_on = sentences_in(Code({READERS / "new.py": ast.parse("def f(x): Warning(x.why())")}))
    assert (found, passed_on) == (set(), {"chats/new.py: x.why()"})


def test_what_nobody_reads_of_a_real_export_has_its_french(tmp_path: Path):
    """Telegram's rarer warnings, by way of the reader itself."""
    at = {"date_unixtime": "1715587200", "type": "message"}
    entries = ["x", {"type": "unsupported"}, {"type": "message"}, at, {**at, "text": "a"},
               {**at, "text": "a", "from": "Z", "forwarded_from": "Y", "via_bot": "@gif",
                "reactions": [{"emoji": "👍", "count": 10**6}]},
               {"type": "message", "date": "2024-05-13T10:00:00", "text": "b", "from": "Z"}]  # fmt: skip
    whole = json.loads(json.dumps({"chats": {"list": [{"messages": entries}, {"messages": []}]}}))
    found = {
        warning.what for chat in read_telegram(Source(tmp_path / "result.json"), whole) for warning in chat.warnings
    }
    assert len(found) == 10
    assert unknown(found) == []
