"""Sentences of the applications, language by language: a table of lines a file, near misses among them."""

import json
import lzma
import re
import time
from pathlib import Path
from unicodedata import normalize

import pytest

from nlpchat.chats.phrase_syntax import beginnings, ending, expression, has_gaps, literal_forms, needles, plain
from nlpchat.chats.phrases import FOLDER, meta_kind, whatsapp_phrases

TABLES = sorted((Path(__file__).parent / "notices").glob("??.tsv"))
META = Path(__file__).parent / "notices" / "meta.tsv"
SHARED = Path(__file__).parents[3] / "shared"
REFERENCE = SHARED / "chats" / "reference"
CHATS = SHARED / "data" / "labelled"
PHRASES = whatsapp_phrases()
MARK = "\u200e"
ONE_MEGABYTE = 1_000_000

# Where WhatsApp shows a string that no conversation can hold: by a piece of its English text.
INTERFACE = {
    "a state of the other person, in the title bar": (
        "is typing...", "is recording audio...", "is already added.", "is yours", "message was deleted.",
    ),
    "a state of a call, on the call's screen": (
        "is muted", "is on hold", "is reconnecting", "is speaking", "requesting to switch to video call",
        "WhatsApp Calling is unavailable", "is unable to", "is using an old version", "Video call from %@…",
        "call view - minimized", "Video call…", "Voice call…", "Call ended before your phone could connect.",
    ),
    "a title, a button or a setting": (
        "Disappearing Messages", "Get Started", "Missed", "Options", "Profile picture with", "Save to Camera Roll",
        "Start new chats", "Start your new chats", "Missed Call Link Invitation", "<b>We can’t read",
        "You requested an email",
    ),
    "a map's label or the location screen": (
        "Location", "Locations", "Location Sharing Failed", "Location data provided", "Location from",
        "Location services", "Location sharing", "Location unknown", "is sharing live location",
    ),
    "a message that a person sends, ready-made": ("Use this code to verify",),
}  # fmt: skip


def rows(table: Path) -> list[list[str]]:
    return [normalize("NFC", line).split("\t") for line in table.read_text("utf-8").splitlines()]


def gated(line: str) -> bool:
    """What a reader asks before it asks for the kind of a body without WhatsApp's mark."""
    return line in PHRASES.literals or line[:4] in PHRASES.starts or line[-4:] in PHRASES.ends


def test_every_language_has_its_table_with_near_misses():
    assert [table.stem for table in TABLES] == sorted(file.stem for file in FOLDER.glob("*.toml"))
    assert len(TABLES) >= 30
    for table in TABLES:
        kinds = {kind for _, kind, _ in rows(table)}
        assert kinds == {"text", "media", "deleted", "call", "notice"}, table.stem


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_kinds(table):
    for mark, expected, line in rows(table):
        marked = mark == "mark"
        body = MARK + line if marked else line
        assert (PHRASES.kind_of(body, marked=marked) or "text", line) == (expected, line)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_what_counts_without_the_mark_passes_the_gates(table):
    for mark, kind, line in rows(table):
        assert mark == "mark" or kind == "text" or gated(line), line


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_spaces_apostrophes_and_marks_do_not_matter(table):
    for mark, expected, line in rows(table):
        changed = line.replace("'", "’").replace(" ", "\u202f").replace(",", f",{MARK}")
        assert (PHRASES.kind_of(MARK + changed, marked=mark == "mark") or "text") == expected, line


def test_what_stands_in_angle_brackets_and_with_a_full_stop_is_the_same():
    for line in ("<image absente>", "<audio omis>", "image absente.", "Bild weggelassen.", "<imagen omitida>"):
        assert PHRASES.kind_of(line, marked=False) == "media"


@pytest.mark.parametrize("suffix", [
    "<Ce message a été modifié>", "<This message was edited>", "<Diese Nachricht wurde bearbeitet.>",
    "<Se editó este mensaje.>", "<Questo messaggio è stato modificato>", "<Mensagem editada>",
    "<Dit bericht is bewerkt>", "<تم تعديل هذه الرسالة>", "<S’ha editat aquest missatge>",
])  # fmt: skip
def test_edited_is_taken_off_the_end_only(suffix):
    for between in (" ", "\u202f", f" {MARK}", "\n", ""):
        assert PHRASES.edited.sub("", f"ok{between}{suffix}") == "ok"
    assert PHRASES.edited.sub("", f"{suffix} ok") == f"{suffix} ok"
    assert PHRASES.edited.sub("", "il écrit <3>") == "il écrit <3>"


def test_captions_follow_what_was_attached():
    for line in ("IMG-1.jpg (fichier joint)", "<Media omitted>", "POLL:", "SONDAGE\u00a0:", "UMFRAGE:"):
        assert PHRASES.opens_media(line)
    for line in ("(fichier joint) ?", "SONDAGE : qui vient ?", "image absente de la page", ""):
        assert not PHRASES.opens_media(line)


def test_a_notice_with_a_colon_in_it_is_known_before_it_is_split():
    assert PHRASES.is_notice('Alice a remplacé le sujet par "Noël : la liste".')
    assert PHRASES.is_notice('Ann changed the subject from "A: b" to "C: d"')
    assert not PHRASES.is_notice("Alice: elle a ajouté Bob")


def test_the_same_notice_over_and_over_changes_nothing():
    lines = [("Alice a quitté", "notice"), ("Ann left", "notice"), ("Anna hat die Gruppe verlassen", "notice"),
             ("Alice a pris la porte", None)]  # fmt: skip
    for _ in range(3):
        assert [(line, PHRASES.kind_of(line, marked=True)) for line, _ in lines] == lines


@pytest.mark.parametrize(("expected", "line"), rows(META))
def test_metas_sentences(expected, line):
    assert (meta_kind(line, "Zoé Petit") or "text") == expected


def test_metas_sentences_need_their_sender():
    assert meta_kind("Zoé Petit a envoyé une pièce jointe.", "Bob Martin") is None
    assert meta_kind("Zoé a envoyé une pièce jointe.", "") is None
    assert meta_kind("", "Zoé Petit") is None


@pytest.mark.parametrize("piece", ["a", " ", "<", "(", "'", MARK, "Les ", "a a créé ", "Alice a ajouté ", "\0"])
def test_no_line_takes_long(piece):
    line = piece * (ONE_MEGABYTE // len(piece))
    began = time.perf_counter()
    for body in (line, line + ">", "Appel vocal" + line, line[:590], line[:580] + "zzzz."):
        PHRASES.kind_of(body, marked=True)
        PHRASES.opens_media(body)
        PHRASES.is_notice(body)
        meta_kind(body, "a")
    PHRASES.edited.sub("", line + ">")
    assert time.perf_counter() - began < 5.0


def every_phrase() -> list[tuple[str, str]]:
    """Every phrase of every file, with its table's name."""
    found = []
    for file in sorted(FOLDER.glob("*.toml")):
        table, inside = "", False
        for line in file.read_text("utf-8").splitlines():
            if line.startswith("["):
                table = line.strip("[]")
            elif line.endswith("'''"):
                inside = not inside
            elif inside and line and line[0] != "#":
                found.append((f"{file.stem} {table}", normalize("NFC", line)))
    return found


def test_every_phrase_is_well_formed():
    phrases = every_phrase()
    assert len(phrases) > 1000
    for place, phrase in phrases:
        where = f"{place}: {phrase}"
        assert phrase.count("{") == phrase.count("}"), where
        assert phrase.count("[") == phrase.count("]"), where
        assert phrase == phrase.strip(), where
        assert "’" not in phrase, where
        pattern = re.compile(expression(phrase))
        assert pattern.fullmatch("") is None, where
        assert all(needles(phrase)), where
        for form in literal_forms(phrase):
            assert pattern.fullmatch(plain(form)), where
            assert any(plain(form).startswith(begin) for begin in beginnings(phrase)), where
            assert any(text in plain(form) for text in needles(phrase)), where
        if place.split()[1] in ("media", "deleted", "call"):
            assert has_gaps(phrase) or literal_forms(phrase), f"too many forms: {where}"


def test_gates_have_their_whole_width():
    assert {len(gate) for gate in PHRASES.starts | PHRASES.ends} == {4}


@pytest.mark.parametrize(
    ("phrase", "forms", "begins", "ends", "holds"),
    [
        ("image[ a été] omise", ["image omise", "image a été omise"], {"imag"}, "mise", (" omise",)),
        ("{L'a|A}ppel", ["L'appel", "Appel", "L’appel"], {"L'ap", "Appe"}, "ppel", ("ppel",)),
        ("{x} left[ the group]", [], {""}, "", (" left",)),
        ("{{x} a|Vous avez} quitté", [], {"", "Vous"}, "itté", (" quitté",)),
        ("{...} (file attached)", [], {""}, "hed)", (" (file attached)",)),
        ("a[b[c]]{d|e{f|g}}", ["ad", "aef", "aeg", "abd", "abef", "abeg", "abcd", "abcef", "abceg"],
         {"ad", "aef", "aeg", "abd", "abef", "abeg", "abcd", "abce"}, "", ("a",)),
    ],
)  # fmt: skip
def test_phrases_taken_apart(phrase, forms, begins, ends, holds):
    assert sorted(literal_forms(phrase)) == sorted(forms)
    assert (beginnings(phrase), ending(phrase), needles(phrase)) == (begins, ends, holds)


def filled(text: str) -> str:
    """A string of WhatsApp's with its placeholders filled."""
    text = re.sub(r"<N unit>", "7 days", text)
    text = re.sub(r"%(\d\$)?u|%@(?=\s+(?:recipient|destinataire))", "7", text)
    return normalize("NFC", re.sub(r"</?highlight>", "", re.sub(r"%(\d\$)?@", "Zoé", text)))


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no shared/chats beside the checkout")
@pytest.mark.parametrize("column", [0, 1], ids=["en", "fr"])
def test_every_string_of_a_conversation_is_known(column):
    pairs = [
        line.split("\t")
        for line in (REFERENCE / "whatsapp_ios_system_strings_en_fr.tsv").read_text("utf-8").splitlines()[1:]
    ]
    assert len(pairs) > 300
    unknown = [pair for pair in pairs if PHRASES.kind_of(MARK + filled(pair[column]), marked=True) is None]
    pieces = [piece for pieces in INTERFACE.values() for piece in pieces]
    unexplained = [pair[0] for pair in unknown if not any(explains(piece, pair[0]) for piece in pieces)]
    assert unexplained == []
    assert len(unknown) < 0.16 * len(pairs)


def explains(piece: str, english: str) -> bool:
    """Whether a piece names this string: the whole of it for one word, else a part."""
    return piece == english if " " not in piece else piece in english


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="no shared/chats beside the checkout")
@pytest.mark.parametrize(("name", "least"), [("android", 40), ("ios", 36)])
def test_strings_of_all_languages_have_their_kinds(name, least):
    path = REFERENCE / f"whatsapp_{name}_export_strings_all_languages.tsv"
    head, *lines = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    written = {"UKR": "uk", "GR-EL": "el", "iw": "he", "in": "id", "default": "en"}
    languages = {table.stem for table in TABLES}
    checked = 0
    for code, *strings in lines:
        language = written.get(code, code).split("-")[0].lower()
        if language not in languages:
            continue
        checked += 1
        for column, string in zip(head[1:], strings, strict=False):
            if string and column != "email_conversation_subject" and (code, column) != ("SV", "sec_code"):
                link = "https://maps.google.com/?q=1,2" if "location" in column else "IMG-1.jpg"
                line = normalize("NFC", string.replace("%s", link).replace("%@", "Zoé.jpg"))
                found = PHRASES.kind_of(MARK + line, marked=True)
                assert (found, line) == (expected_kind(column), line), f"{code} {column}"
    assert checked >= least


def expected_kind(column: str) -> str:
    if column in ("encryption", "sec_code"):
        return "notice"
    if "missed" in column:
        return "call"
    return "deleted" if "deleted" in column or column.startswith("revoked") else "media"


@pytest.mark.skipif(not CHATS.is_dir(), reason="no shared/data beside the checkout")
@pytest.mark.parametrize("name", ["chat_invented", "chat_like"])
def test_ordinary_french_stays_text_and_rarely_passes_the_gates(name):
    with lzma.open(CHATS / f"{name}.jsonl.xz", "rt", encoding="utf-8") as file:
        texts = [normalize("NFC", json.loads(line)["text"]) for line in file]
    assert len(texts) > 10_000
    taken = [t for t in texts if PHRASES.kind_of(t, marked=False) or meta_kind(t, "Zoé Petit")]
    assert taken == []
    assert sum(map(gated, texts)) < 0.02 * len(texts)
