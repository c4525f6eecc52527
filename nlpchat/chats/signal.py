"""The messages of a Signal conversation, from the text that exporters of Signal Desktop write.

    [2019-12-24, 12:23] Jane: Hello John!          signal-export until 2022; since then without the comma,
    [2024-05-13 09:05:12] Me: à demain             and with seconds

    > words of another message                     an answer begins with a blank line and what it answers
    (- Jane: 👍, Bob: ❤️ -)                         reactions, on a line of their own at the end
    (( 🐺 ))                                        a sticker
    ![2024_00_chat.jpg](./media/2024_00_chat.jpg)  attachments, the last on the line

Signal itself exports nothing: "Me" is whoever ran the exporter. Times are that computer's, without a zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from unicodedata import normalize

from nlpchat.chats.containers import Source, encoding_of
from nlpchat.chats.tally import Tally, authors_of
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat, Kind, Message, Reaction

_HEADER = re.compile(
    r"\ufeff?\[(?P<when>\d{4}-\d{2}-\d{2},? \d{2}:\d{2}(?P<seconds>:\d{2})?)\] (?P<name>[^:\n]{1,200}):(?: |$)(?P<rest>.*)"
)
# What only an exporter of Signal writes, asked for where the header could be an iPhone's from WhatsApp too.
_OWN_SIGNS = re.compile(
    r"\] Me: |\]\((?:\./)?media/|\]\(\.\./exported_stickers/|^\(- [^:\n]{1,200}: \S|^\(\( .{1,99} \)\)$|\S  $"
)
# WhatsApp's mark before its own words, in every iPhone export.
_WHATSAPP_MARK = "\u200e"
_LINK = re.compile(r"\]\((?:(?:\./)?media|\.\./exported_stickers/[^/\n]{1,80})/")
# How far before a link its name can begin, in characters.
_LONGEST_NAME = 300
# And how many brackets of its own a name can have.
_MOST_BRACKETS = 8
_QUOTE = re.compile(r"\s*\n(?:>[^\n]*(?:\n|\Z))+\s*")
_CALL = re.compile(
    r"(?:(?:Incoming|Outgoing) (?:voice |video |group )?call|Missed (?:\w{1,9} )?call)(?: \([^()\n]{1,60}\))?"
)
_TWO_SPACES = re.compile(r" {0,2}")
_DELETED = "(This message was deleted)"
_NO_SENDER = "No-Sender"
# Files that carry the conversation's name in their folder's.
_PLAIN_NAMES = ("chat", "index", "messages")


def is_signal(lines: Sequence[str]) -> bool:
    """Whether a text that begins with these lines is a Signal conversation.

    Its first line that is not blank must be a header. One with seconds can also be an iPhone's from WhatsApp
    (in Swedish, say): then something must follow that only an exporter of Signal writes, and no mark of WhatsApp's.
    """
    bare = [line.rstrip("\r\n") for line in lines]
    first = next((line for line in bare if line.strip("\ufeff \t")), "")
    header = _HEADER.match(first)
    if header is None:
        return False
    if not header["seconds"]:
        return True
    return any(map(_OWN_SIGNS.search, bare)) and not any(_WHATSAPP_MARK in line for line in bare)


def read_signal(source: Source) -> Chat:
    """The conversation, in the order of the file. Raises ChatFormatError: no dated line, or no real date."""
    encoding = encoding_of(source)
    reader = _Reader()
    if encoding.doubt:
        reader.tally.add(encoding.doubt, None)
    reader.read(source.lines(encoding.name))
    if not reader.messages:
        raise ChatFormatError(
            f"{source.name}: no message of a Signal conversation found. Give the text that the exporter wrote (chat.md)."
        )
    return Chat(
        title=_title(source),
        platform="signal",
        messages=tuple(reader.messages),
        authors=authors_of(reader.messages),
        warnings=reader.tally.warnings,
        variant="Signal Desktop, exported text",
    )


def _title(source: Source) -> str:
    """The file's name, or its folder's where the exporter calls every file chat.md."""
    path = (source.member or str(source.path)).replace("\\", "/").split("/")
    stem = path[-1].rpartition(".")[0] or path[-1]
    if stem.casefold() in _PLAIN_NAMES and len(path) > 1 and path[-2].strip("."):
        stem = path[-2]
    return normalize("NFC", stem)


@dataclass(slots=True)
class _Open:
    """A message whose lines are still being read."""

    sent_at: datetime
    name: str
    line: int
    lines: list[str]


@dataclass(slots=True)
class _Reader:
    messages: list[Message] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def read(self, lines: Iterable[str]) -> None:
        """Every message of these lines; a line without a header goes on with the message before it."""
        current: _Open | None = None
        for number, raw in enumerate(lines, 1):
            line = raw.rstrip("\r\n")
            header = _HEADER.match(line) if line.startswith(("[", "\ufeff[")) else None
            sent_at = _sent_at(header["when"]) if header else None
            if header is not None and sent_at is not None:
                if current is not None:
                    self.close(current)
                current = _Open(sent_at, normalize("NFC", header["name"].strip()), number, [header["rest"]])
                continue
            if header is not None:
                self.tally.add("lines with an impossible date or time, kept as text", number)
            if current is not None:
                current.lines.append(line)
            elif line.strip("\ufeff \t"):
                self.tally.add("lines before the first message, left out", number)
        if current is not None:
            self.close(current)

    def close(self, message: _Open) -> None:
        """Adds the message: the exporter's own lines taken off its end, the quoted words off its beginning."""
        body, names = _without_links(normalize("NFC", "\n".join(message.lines)))
        body, sticker = _last_line(body, "(( ", " ))")
        body, listed = _last_line(body, "(- ", " -)")
        reactions = tuple(_reactions(listed))
        text = body.rstrip("\n").removesuffix("  ").rstrip("\n")
        quote = _QUOTE.match(text) if text[:1].isspace() else None
        if quote is not None:
            text = text[quote.end() :]
            self.tally.add("answers that repeat what they answer, the repetition left out", message.line)
        author: str | None = message.name
        kind = self._kind(text, bool(names or sticker))
        if kind == "notice":
            author = None
        elif author == _NO_SENDER:
            self.tally.add(f"messages whose sender the exporter did not know, under {_NO_SENDER}", message.line)
        shown = text or ", ".join(filter(None, (*names, sticker)))
        self.messages.append(Message(message.sent_at, author, shown, kind, message.line, reactions))

    def _kind(self, text: str, media: bool) -> Kind:
        if media:
            return "media"
        if text == _DELETED:
            return "deleted"
        if not text.strip():
            # What Signal notes in the conversation (a new key, a timer, a member) reaches the text without words.
            return "notice"
        return "call" if _CALL.fullmatch(text) else "text"


def _sent_at(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written.replace(",", ""))
    except ValueError:
        return None


def _last_line(body: str, opening: str, closing: str) -> tuple[str, str]:
    """The body without its last line, and what that line has between the two; all of it and "" for another line."""
    stripped = body.rstrip()
    before, _, line = stripped.rpartition("\n")
    if line.startswith(opening) and line.endswith(closing) and len(line) > len(opening + closing):
        return before, line[len(opening) : -len(closing)]
    return body, ""


def _reactions(listed: str) -> Iterator[Reaction]:
    """The reactions of "Jane: 👍, Bob, son of Jim: ❤️": a part that does not end in an emoji belongs to the next."""
    name = ""
    for part in listed.split(", ") if listed else ():
        who, colon, emoji = part.rpartition(": ")
        if not colon or not emoji or any(map(str.isspace, emoji)):
            name += part + ", "
            continue
        yield Reaction(name + who, emoji)
        name = ""


def _without_links(body: str) -> tuple[str, list[str]]:
    """The body without its attachments and stickers, and their names.

    A link is [NAME](./media/NAME) with the spaces of the path as %20: the name is looked for backwards, because
    it may have brackets of its own ("photo[1] (2).jpg").
    """
    names: list[str] = []
    kept: list[str] = []
    at = 0
    for found in _LINK.finditer(body):
        if found.start() < at:
            continue
        link = _link(body, at, found)
        if link is not None:
            begin, name, end = link
            kept.append(body[at:begin])
            names.append(name)
            at = end
    kept.append(body[at:])
    return "".join(kept), names


def _link(body: str, earliest: int, found: re.Match[str]) -> tuple[int, str, int] | None:
    """Where a link begins and ends, and its name; None when no bracket before it fits."""
    begin = found.start()
    lowest = max(earliest, begin - _LONGEST_NAME, body.rfind("\n", earliest, begin) + 1)
    for _ in range(_MOST_BRACKETS):
        begin = body.rfind("[", lowest, begin)
        if begin < 0:
            break
        name = body[begin + 1 : found.start()]
        path = re.sub(r"\s", "%20", name)
        if body.startswith(path + ")", found.end()):
            end = found.end() + len(path) + 1
        elif ".." in found[0] and "[" not in name:
            # A sticker's path has its number, not its name.
            end = body.find(")", found.end(), found.end() + _LONGEST_NAME) + 1
        else:
            continue
        if end:
            shown = begin - 1 if body[begin - 1 : begin] == "!" and begin > earliest else begin
            spaces = _TWO_SPACES.match(body, end)
            return shown, name, spaces.end() if spaces else end
    return None
