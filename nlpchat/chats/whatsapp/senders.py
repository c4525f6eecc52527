"""Who sent what: names out of headers, and what only the whole file can tell about them.

A person is known by a name without invisible marks, without the "~" of people who are not in the contacts, and
without the space that French phones put before ":". A group that WhatsApp names as the sender of its own notices
is no person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unicodedata import normalize

from nlpchat.chats.marks import SPACES, STRIP_MARKS
from nlpchat.chats.phrases import Phrases, whatsapp_phrases
from nlpchat.chats.whatsapp.drafts import Draft, Tally
from nlpchat.records import Warning

if TYPE_CHECKING:
    from nlpchat.chats.whatsapp.messages import Reading

# A name that ends its line ("Alice:" with nothing after it) may not be longer; no name may be longer than the second.
_LONG_NAME = 40
_LONGEST_NAME = 120
# So many messages, all beginning with the same short "words: ", make these words a part of their sender's name.
_ENOUGH_FOR_A_COLON = 5
_LONGEST_AFTER_COLON = 25

# So many different marked texts, most of them different, are somebody's whose keyboard puts the mark there.
_ENOUGH_TO_TYPE = 5
# "<Midia haijajumuishwa>": what an unknown language has for <Media omitted>, when it comes more than once.
_PLACEHOLDER = re.compile(r"<(?=[^<>]*(?: |[^\x00-\x7f]))[^<>=/\"\n]{4,40}>")
_TILDE = re.compile(rf"~[{SPACES}]*")
# "Bob has made it known that: ...": so many words after a sender's name, or after "You", are no surname.
_SENTENCE_WORDS = 3
_QUOTES = (("“", "”"), ("«", "»"))
_MARK = "\u200e"
# What WhatsApp calls the person whose phone it is, at the beginning of a notice.
_YOU = ("Vous ", "You ", "Du ", "Sie ", "Has ", "Hai ", "Você ", "Je ", "U ", "أنت ", "Ты ", "Вы ")


@dataclass(slots=True)
class Senders:
    """Everybody met in the headers of one file.

    written: names as written in headers, to people; people: to themselves, so that each is one object; texts: short
    messages, each kept once for the same reason. with_colon: what stands before the first ": " of lines without a
    name, another ":" in it: names such as "Mom :)", or WhatsApp's own words.
    """

    written: dict[str | None, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    with_colon: Counter[str] = field(default_factory=Counter)
    phrases: Phrases = field(default_factory=whatsapp_phrases)

    def new(self, name: str | None, body: str) -> tuple[str | None, str]:
        """The person behind a name not met before, and the body; None and the whole line when WhatsApp itself speaks."""
        if name is None:
            line, end, more = body.partition("\n")
            if not line.endswith(":") or len(line) > _LONG_NAME:
                name, colon, _ = line.partition(": ")
                if (
                    colon
                    and 0 < len(name) <= _LONG_NAME
                    and not _opens_quote(name)
                    and not self.phrases.is_notice(line)
                ):
                    self.with_colon[name] += 1
                return None, body
            # "Alice:" with nothing after it: the message begins on the next line.
            name, body, whole = line[:-1], end + more, body
            if name in self.written:
                return self.written[name], body
        else:
            whole = f"{name}: {body}"
            if len(name) > _LONGEST_NAME or _opens_quote(name) or self.phrases.is_notice(whole.partition("\n")[0]):
                return None, whole
        person = person_of(name)
        if not person:
            return None, whole
        self.written[name] = self.people.setdefault(person, person)
        return self.written[name], body


def person_of(name: str) -> str:
    """The name without what phones put around it: "~\u202fZoé " is Zoé, "\u202a+33 6 12\u202c" a plain number."""
    clean = normalize("NFC", STRIP_MARKS.sub("", name)).strip(SPACES + "\t")
    return _TILDE.sub("", clean, count=1) if clean.startswith("~") and len(clean) > 1 else clean


def settle(reading: Reading, title: str) -> Iterator[Warning]:
    """Changes what only the whole file could tell of its senders; gives what is to be said about it."""
    drafts, noticed, people = reading.drafts, reading.noticed, reading.senders.people
    if reading.senders.with_colon:
        _settle_names_with_colon(drafts, reading.senders)
    suspects = {title} if title in people else noticed
    groups = set()
    if len(people) > 2:
        # In a conversation of two the contact bears the title, and is a person.
        groups = {name for name, theirs in _by_author(drafts, suspects).items() if _is_group(name, theirs, title)}
    typed = _typed(drafts, [draft for draft in reading.typed if draft.author not in groups])
    yield from _settle_unknown([draft for draft in reading.unknown if id(draft) not in typed], groups, people)
    yield from _settle_bracketed(reading.bracketed)
    if groups:
        for draft in drafts:
            if draft.author in groups:
                draft.author = None
                draft.kind = "notice" if draft.kind in ("text", "media") else draft.kind
    yield from _settle_sentences(drafts, people)
    yield from _settle_colons(drafts, people)


def _opens_quote(name: str) -> bool:
    """Whether a quotation begins in it and does not end: 'Alice changed the subject to "Books'."""
    return name.count('"') % 2 == 1 or any(name.count(begin) > name.count(end) for begin, end in _QUOTES)


def _by_author(drafts: Sequence[Draft], names: Collection[str]) -> dict[str, list[Draft]]:
    """What each of these people sent; in one go, for there may be many of them."""
    theirs: dict[str, list[Draft]] = {name: [] for name in names}
    if theirs:
        for draft in drafts:
            if draft.author in theirs:
                theirs[draft.author].append(draft)
    return theirs


def _is_group(name: str, theirs: Sequence[Draft], title: str) -> bool:
    """Whether a sender only ever speaks in WhatsApp's own words: marked ones; for the file's title, unmarked too."""
    kind_of = whatsapp_phrases().kind_of
    for draft in theirs:
        if draft.kind == "call":
            continue
        if draft.kind != "text":
            return False
        marked = draft.text.startswith(_MARK)
        if not marked and not (name == title and kind_of(draft.text, marked=True) == "notice"):
            return False
    return bool(theirs)


def _settle_names_with_colon(drafts: Sequence[Draft], senders: Senders) -> None:
    """Makes people of "Mom :)" and the like, who say more than one thing: no sentence of WhatsApp's comes twice so."""
    people = {name: person_of(name) for name, times in senders.with_colon.items() if times > 1}
    for draft in drafts if people else ():
        name, _, text = draft.text.partition(": ")
        if draft.author is None and draft.kind == "notice" and people.get(name):
            draft.author = senders.people.setdefault(people[name], people[name])
            draft.text = text
            draft.kind = senders.phrases.kind_of(text, marked=text.startswith(_MARK)) or "text"
            if "\n" in text:
                draft.kind = "media" if senders.phrases.opens_media(text.partition("\n")[0]) else "text"


def _settle_sentences(drafts: Sequence[Draft], people: Collection[str]) -> Iterator[Warning]:
    """Takes sentences about a sender, or "you", for notices that no phrase explains: "Bob has done what: this" is not
    said by "Bob has done what", who says nothing else."""
    told = Tally('lines that begin with a sender and go on as a sentence before ": ", taken for notices')
    suspects = [name for name in people if name.count(" ") >= _SENTENCE_WORDS and _begins_sentence(name, people)]
    for name, theirs in _by_author(drafts, suspects).items():
        if len(theirs) == 1 and theirs[0].kind == "text":
            theirs[0].author, theirs[0].kind = None, "notice"
            theirs[0].text = f"{name}: {theirs[0].text}"
            told.add(theirs[0].line, theirs[0].text)
    yield from told.warnings()


def _begins_sentence(name: str, people: Collection[str]) -> bool:
    words = name.split(" ")
    for begin in range(1, len(words) - _SENTENCE_WORDS + 1):
        before = " ".join(words[:begin])
        if words[begin][:1].islower() and (before in people or f"{before} " in _YOU):
            return True
    return False


def _typed(drafts: Sequence[Draft], marked: Sequence[Draft]) -> set[int]:
    """The ids of those of these marked texts that somebody wrote, whose keyboard begins with the mark: they differ, as
    WhatsApp's few placeholders do not, and their sender has said other things too."""
    texts: dict[str, set[str]] = {}
    counts = Counter(draft.author for draft in marked if draft.author is not None)
    for draft in marked:
        if draft.author is not None:
            texts.setdefault(draft.author, set()).add(draft.text)
    varied = {
        name for name, theirs in texts.items() if len(theirs) >= _ENOUGH_TO_TYPE and len(theirs) * 2 >= counts[name]
    }
    ids = {id(draft) for draft in marked if draft.author in varied}
    others = {d.author for d in drafts if d.author in varied and d.kind == "text" and id(d) not in ids} if ids else ()
    return {id(draft) for draft in marked if draft.author in others}


def _settle_bracketed(bracketed: Sequence[Draft]) -> Iterator[Warning]:
    """Whole texts in angle brackets that come again: what was left out, in a language that there are no phrases of."""
    counts = Counter(draft.text for draft in bracketed)
    told = Tally("texts in angle brackets that come again, taken for media that was left out")
    for draft in bracketed:
        if counts[draft.text] > 1 and _PLACEHOLDER.fullmatch(draft.text):
            draft.kind = "media"
            told.add(draft.line, draft.text)
    yield from told.warnings()


def _settle_unknown(unknown: Sequence[Draft], groups: set[str], people: Collection[str]) -> Iterator[Warning]:
    """Short marked bodies that no phrase explains: a notice when they begin with a person ("Alice: ‎Alice a fait …")
    or "you", or when the group says them; else something that was left out."""
    told = Tally("short texts with WhatsApp's own mark, taken for notices or media")
    names = tuple(f"{name} " for name in people)
    for draft in unknown:
        plain = STRIP_MARKS.sub("", draft.text)
        notice = draft.author in groups or person_of(plain).startswith((*names, *_YOU))
        told.add(draft.line, plain)
        draft.kind = "notice" if notice else "media"
        if notice:
            draft.author = None
    yield from told.warnings()


def _settle_colons(drafts: Sequence[Draft], people: Collection[str]) -> Iterator[Warning]:
    """Gives "Jean: boulot: bonjour" back to "Jean: boulot", when all that Jean sends begins so."""
    firsts: dict[str, str] = {}
    for draft in drafts:
        if draft.author is not None and draft.author not in firsts and draft.kind == "text":
            firsts[draft.author] = draft.text
            if len(firsts) == len(people):
                break
    begins: dict[str, str] = {}
    for name, text in firsts.items():
        words, colon, _ = text.partition(": ")
        if colon and "\n" not in words and words == words.strip() and 0 < len(words) <= _LONGEST_AFTER_COLON:
            begins[name] = words
    for name, theirs in _by_author(drafts, begins).items():
        words = begins[name]
        begin = f"{words}: "
        if len(theirs) < _ENOUGH_FOR_A_COLON or not all(draft.text.startswith(begin) for draft in theirs):
            continue
        for draft in theirs:
            draft.author = f"{name}: {words}"
            draft.text = draft.text.removeprefix(begin)
        what = 'messages that all begin with the same words before ": ", taken for a part of their sender\'s name'
        yield Warning(what, len(theirs), theirs[0].line, (f"{name}: {words}",))
