"""Conversations in which people, and what points to them, are replaced by stable stand-ins.

    >>> [chat] = anonymise([chat])
    >>> chat.messages[0].author, chat.messages[0].text
    ('Personne 1', "J'ai vu Personne 2, écris à [courriel 1]")

Replaced: authors, those who reacted, mentions, phone numbers, e-mail addresses, links, long account numbers, places,
names of files (their ending stays), titles and threads, and the names of people and titles inside texts. One
expression serves the run over all the chats; who is the same person in two of them stays one person.

What it cannot know: the name of somebody who never wrote, reacted or was mentioned with "@"; a nickname that is no
part of a name ("Juju"); a name that is itself a common little word ("Mai"), or an emoji; what a text tells about a
life. A reader who was there may still recognise the conversation: this makes sharing safer, not anonymous in law.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from unicodedata import is_normalized, normalize

from nlpchat.chats.marks import STRIP_MARKS
from nlpchat.chats.phrases import whatsapp_phrases
from nlpchat.chats.pseudonyms.known_names import KnownNames, name_key
from nlpchat.chats.pseudonyms.personal import (
    CODE,
    EXTENSIONS,
    LINK_TAIL,
    STAND_IN,
    TRIGGER,
    WORD,
    expression,
    fold,
    phone_key,
)
from nlpchat.chats.pseudonyms.stand_ins import StandInKind, StandIns
from nlpchat.errors import RecipeError
from nlpchat.records import Chat, Kind, Message, Reaction, Warning

# Notices name people who never wrote ("Bob a ajouté Inès"): their whole text goes.
_NEUTRAL: dict[Kind, str] = {"notice": "[notice]", "call": "[appel]", "deleted": "[message supprimé]"}
# "@tous" names nobody.
_EVERYONE = frozenset({"all", "channel", "everyone", "here", "ici", "todos", "tous", "toutes", "meta"})
# "rendez-vous @18h30"
_HOUR = re.compile(r"\d{1,2}(?:[hH:.]\d{0,2})?")
_PHONE_DIGITS = 7
# So many messages are searched together for words of names.
_RUN = 64
_MOST_PASSES = 6
# A stand-in with something against it that could have been a part of what it replaced, or be more of the same.
_BEGINS = r"(?:Personne |Conversation |\[[a-zé]{4,9} |fichier-)"
_ABUTTING = re.compile(
    rf"[^\s@'’(«\u2068]{_BEGINS}(?>{CODE})|{_BEGINS}(?>{CODE})(?>\]|\.\w{{2,5}})?(?:[^\s.,;:!?…)»]|[.,:;]\S)"
)
_COLLISION = "codes of stand-ins that were taken already, made longer in order of appearance"


def anonymise(chats: Sequence[Chat], key: str | None = None) -> tuple[Chat, ...]:
    """The same chats with stand-ins for people; order, times, kinds and lines stay as they are.

    The same person (the same name but for case) has the same stand-in in all of them, and nobody else has it.
    key: makes stand-ins the same in every run with that key; without it they are numbered by first appearance.
    Doing it again to the result changes nothing, with or without a key. Notices, calls and deleted messages keep their
    text only where it is a fixed sentence of the application ("Ce message a été supprimé"). Warnings lose their
    examples. Texts come out in NFC. Raises RecipeError: an empty key.
    """
    if key is not None and not key:
        raise RecipeError("--key: the key is empty. Give a word or sentence that nobody would guess.")
    replacer = _Replacer(chats, StandIns(key))
    done = [replacer.chat(chat, named) for chat, named in zip(chats, replacer.named, strict=True)]
    if replacer.stand_ins.lengthened and done:
        said = Warning(_COLLISION, replacer.stand_ins.lengthened)
        done[0] = replace(done[0], warnings=(*done[0].warnings, said))
    return tuple(done)


class _Replacer:
    """Everything known of these chats' people, and the stand-ins they get."""

    def __init__(self, chats: Sequence[Chat], stand_ins: StandIns) -> None:
        self.stand_ins = stand_ins
        self.names = KnownNames()
        self.phones: dict[str, str] = {}
        self.people: dict[str, str] = {}
        self.memory: dict[tuple[str, str], str] = {}
        people = list(dict.fromkeys(_people(chats)))
        titles = list(dict.fromkeys(name for chat in chats for name in (chat.title, chat.thread) if name))
        stand_ins.reserve((*people, *titles))
        for person in people:
            self._learn(person)
        for title in titles:
            if not STAND_IN.fullmatch(title) and name_key(title) not in self.names.people:
                self.names.add_title(title)
        self._look_for_names(chats)

    def _learn(self, person: str) -> None:
        if STAND_IN.fullmatch(person):
            self.names.people.setdefault(name_key(person), person)
            return
        self.person(person)
        self.names.add_person(person)
        digits = phone_key(person)
        if len(digits) >= _PHONE_DIGITS and not any(map(str.isalpha, person)):
            self.phones.setdefault(digits, person)

    def _look_for_names(self, chats: Sequence[Chat]) -> None:
        """Sets the expressions of the run, and what calls for them: most messages need neither."""
        vocabulary: set[str] = set()
        self.named: list[list[frozenset[str]]] = []
        sought = self.names.sought()
        forms: set[str] = set()
        for chat in chats:
            runs: list[frozenset[str]] = []
            for run in _runs(chat.messages):
                # Many at once: a call costs more than a short message.
                joined = "\n".join([message.text for message in run])
                words = set(WORD.findall(joined if joined.isascii() else normalize("NFC", joined)))
                fresh = words - vocabulary
                vocabulary |= fresh
                forms.update(word for word in fresh if fold(word) in sought)
                runs.append(frozenset(words & forms))
            self.named.append(runs)
        vocabulary.update(word for chat in chats for word in WORD.findall(_beside(chat)))
        names, self.hot = self.names.forms(vocabulary)
        inner = self.names.inner_expression()
        self.trigger = re.compile(f"{TRIGGER}|{inner}" if inner else TRIGGER)
        self.expressions = {media: expression(names, inner, media=media) for media in (False, True)}
        self.compiled: dict[bool, re.Pattern[str]] = {}

    def _found_by(self, media: bool) -> re.Pattern[str]:
        pattern = self.compiled.get(media)
        if pattern is None:
            pattern = self.compiled[media] = re.compile(self.expressions[media], re.MULTILINE)
        return pattern

    def chat(self, chat: Chat, named: Sequence[frozenset[str]]) -> Chat:
        """The chat with stand-ins everywhere; named: the words of names that each run of its messages has."""
        return Chat(
            title=self.title(chat.title),
            platform=chat.platform,
            messages=tuple(self._messages(chat.messages, named)),
            authors=tuple(dict.fromkeys(map(self.person, chat.authors))),
            warnings=tuple(Warning(self.text(w.what), w.count, w.line) for w in chat.warnings),
            variant=self.text(chat.variant),
            thread=self.title(chat.thread),
        )

    def _messages(self, messages: Sequence[Message], named: Sequence[frozenset[str]]) -> Iterator[Message]:
        for run, words in zip(_runs(messages), named, strict=True):
            hot = tuple(words & self.hot)
            for message in run:
                yield self.message(message, hot)

    def message(self, message: Message, hot: Sequence[str]) -> Message:
        author = None if message.author is None else self.person(message.author)
        reactions = message.reactions and tuple(
            Reaction(None if r.author is None else self.person(r.author), self.text(r.emoji)) for r in message.reactions
        )
        if message.kind in _NEUTRAL:
            text = self.neutral(message.text, message.kind)
        elif message.kind == "media" or not self._is_plain(message.text, hot):
            text = self.text(message.text, media=message.kind == "media")
        else:
            text = message.text
        return Message(message.sent_at, author, text, message.kind, message.line, reactions)

    def _is_plain(self, text: str, hot: Sequence[str]) -> bool:
        """Whether the text certainly holds nothing to replace: none of the words that call for it, and no trigger."""
        if not (text.isascii() or is_normalized("NFC", text)) or self.trigger.search(text):
            return False
        return not any(map(text.__contains__, hot))

    def neutral(self, text: str, kind: Kind) -> str:
        """The text of what the application said: kept where it is one of its sentences without a gap for a name."""
        fixed = whatsapp_phrases().literals.get(STRIP_MARKS.sub("", text).strip()) == kind
        return self.text(text) if fixed or not text else _NEUTRAL[kind]

    def person(self, name: str) -> str:
        """The stand-in of a person, by any way of writing the name or number."""
        known = self.people.get(name)
        if known is None:
            kept = STAND_IN.fullmatch(name) is not None
            known = self.people[name] = name if kept else self.stand_ins.of("person", name_key(name) or name)
        return known

    def title(self, title: str) -> str:
        """The stand-in of a conversation's title; of its person, where it is named after one."""
        if not title or STAND_IN.fullmatch(title):
            return title
        known = self.names.people.get(name_key(title))
        return self.person(known) if known is not None else self.stand_ins.of("chat", title)

    def text(self, text: str, *, media: bool = False) -> str:
        """The text with a stand-in for each thing found in it."""
        if not (text.isascii() or is_normalized("NFC", text)):
            text = normalize("NFC", text)
        if media or self.trigger.search(text) or not self.hot.isdisjoint(WORD.findall(text)):
            # A stand-in can set free what stood against it ("plan.pdf0612345678"): again, until nothing changes.
            for _ in range(_MOST_PASSES):
                text, before = self._found_by(media).sub(self._stand_in, text), text
                if text == before or not _ABUTTING.search(text):
                    break
        return text

    def _stand_in(self, found: re.Match[str]) -> str:
        group = found.lastgroup or ""
        part = found[0] if group == "label" else found[group]
        known = self.memory.get((group, part))
        if known is None:
            known = self.memory[group, part] = self._of(group, part)
        if group in _INSIDE:
            begin, end = found.start(group) - found.start(), found.end(group) - found.start()
            return found[0][:begin] + known + found[0][end:]
        return known

    def _of(self, group: str, part: str) -> str:
        """What replaces the part that a group of the expression found."""
        match group:
            case "kept":
                return part
            case "label":
                return self.stand_ins.of("contact" if part.startswith("contact") else "place", part)
            case "joined" | "listed" | "tagged" | "file":
                return self._file(part)
            case "link":
                bare = part.rstrip(LINK_TAIL)
                return self.stand_ins.of("link", bare) + part[len(bare) :]
            case "named" | "inner":
                return self._named(part)
            case "isolated":
                return self._mention(part, "\u2068{}\u2069")
            case "plain":
                return self._mention(part, "{}")
            case "phone":
                return self._phone(part)
            case _:
                kind: StandInKind = "email" if group == "email" else "place" if group == "place" else "number"
                return self.stand_ins.of(kind, part)

    def _file(self, name: str) -> str:
        """A file's stand-in with the ending it had, when that is a known one (and no part of a name)."""
        if STAND_IN.fullmatch(name):
            return name
        ending = name.rpartition(".")[2].lower()
        return self.stand_ins.of("file", name) + (f".{ending}" if ending in EXTENSIONS else "")

    def _named(self, written: str) -> str:
        known = self.names.resolve(written)
        if known is None:
            return written
        kind, name = known
        return self.person(name) if kind == "person" else self.title(name)

    def _mention(self, name: str, nobody: str) -> str:
        """The stand-in of whoever is mentioned, a new person when unknown; nobody: how an hour or "tous" stays."""
        name = STRIP_MARKS.sub("", name)
        if STAND_IN.fullmatch(name):
            return "@" + name
        digits = phone_key(name)
        named = any(map(str.isalpha, name))
        if name_key(name) in _EVERYONE or _HOUR.fullmatch(name) or not (named or len(digits) >= _PHONE_DIGITS):
            return "@" + nobody.format(name)
        if not named:
            return "@" + self.person(self.phones.get(digits, digits))
        known = self.names.resolve(name)
        return "@" + (self.person(known[1]) if known and known[0] == "person" else self.person(name))

    def _phone(self, written: str) -> str:
        digits = phone_key(written)
        known = self.phones.get(digits)
        return self.person(known) if known is not None else self.stand_ins.of("phone", digits)


# Groups that are only a part of what their expression matches.
_INSIDE = frozenset({"joined", "listed", "tagged", "named"})


def _people(chats: Iterable[Chat]) -> Iterator[str]:
    """Everybody who wrote, in order of appearance; then who only reacted."""
    for chat in chats:
        yield from (message.author for message in chat.messages if message.author is not None)
    for chat in chats:
        yield from chat.authors
        for message in chat.messages:
            yield from (reaction.author for reaction in message.reactions if reaction.author is not None)


def _runs(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for begin in range(0, len(messages), _RUN):
        yield messages[begin : begin + _RUN]


def _beside(chat: Chat) -> str:
    """What a chat says apart from its messages, one thing a line."""
    emoji = dict.fromkeys(reaction.emoji for message in chat.messages for reaction in message.reactions)
    return normalize("NFC", "\n".join([chat.variant, *(warning.what for warning in chat.warnings), *emoji]))
