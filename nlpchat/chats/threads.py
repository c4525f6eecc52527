"""The conversations of an export, found by the names of its files before any is read.

A file holds one (or, for Telegram's result.json and Facebook's messages.htm of 2017, all of an account's); a
folder or a zip may hold a WhatsApp text with its media, or a whole archive of Meta's with a folder for each thread.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nlpchat.chats.containers import Contents, Form, Source, check_readable, contents_of
from nlpchat.chats.json_file import WANTED, load_object, shape_of
from nlpchat.chats.whatsapp.date_order import DateOrder
from nlpchat.chats.whatsapp.headers import vote
from nlpchat.chats.whatsapp.reader import read_whatsapp
from nlpchat.errors import ChatFormatError
from nlpchat.records import Chat

# So much of a text says whose it is.
SAMPLE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation that was not read yet: its parts in order, and its name in the archive ("" when alone).

    place: that name also when it is alone: the parts of a download have one of a thread's files each.
    """

    name: str
    form: Form
    sources: tuple[Source, ...]
    place: str = ""

    def read(self, date_order: DateOrder | None = None) -> Iterator[Chat]:
        """The chat, or the chats where one file holds several. Raises ChatFormatError, InputError."""
        if self.form == "html":
            from nlpchat.chats.meta.html_threads import read_meta_html

            yield from read_meta_html(self.sources, self.name)
        elif self.form == "text":
            yield self._read_text(date_order)
        else:
            yield from self._read_json()

    def _read_text(self, date_order: DateOrder | None) -> Chat:
        from nlpchat.chats.signal import is_signal, read_signal

        first = self.sources[0]
        if len(self.sources) == 1 and is_signal(_sample(first)):
            return read_signal(first)
        return read_whatsapp(self.sources, date_order)

    def _read_json(self) -> Iterator[Chat]:
        from nlpchat.chats.meta.json_threads import is_meta, read_meta
        from nlpchat.chats.telegram import is_telegram, read_telegram

        parts = [(source, load_object(source)) for source in self.sources]
        source, whole = parts[0]
        if is_telegram(whole):
            yield from read_telegram(source, whole)
        elif is_meta(whole) or len(parts) > 1:
            yield read_meta(parts, self.name)
        else:
            raise ChatFormatError(f"{source.name}: {shape_of(whole)}. {WANTED}")


def threads_at(path: Path) -> list[Thread]:
    """Every conversation of the export at `path`, at least one. Raises InputError or ChatFormatError."""
    contents = contents_of(path)
    if contents.form:
        return [Thread("", contents.form, tuple(contents.sources.values()))]
    archived = _archived(contents)
    threads = [*_texts(contents, beside=bool(archived)), *archived] or _other_json(contents)
    if not threads:
        raise _nothing(contents)
    if contents.packed == "zip":
        check_readable(path, [source for thread in threads for source in thread.sources])
    if len(threads) == 1:
        return [Thread("", threads[0].form, threads[0].sources, threads[0].place)]
    return threads


def _texts(contents: Contents, *, beside: bool) -> list[Thread]:
    """WhatsApp's own texts by their names; else every text that has dated lines; else nothing.

    beside: other conversations are there, and a text is one only by its name ("no-data.txt" is none).
    """
    names = [name for name in contents.sources if name.lower().endswith((".txt", ".md"))]
    own = [name for name in names if PurePosixPath(name).name == "_chat.txt" or "whatsapp" in name.lower()]
    if beside:
        names = own
    if not own and contents.packed == "zip":
        # Beside the conversation there may be texts that somebody sent in it: the first with dated lines is read.
        return [Thread("", "text", tuple(contents.sources[name] for name in names))] if names else []
    own = own or [name for name in names if len(names) == 1 or _dated(contents.sources[name])]
    return [Thread(name.rpartition(".")[0], "text", (contents.sources[name],)) for name in own]


def _archived(contents: Contents) -> list[Thread]:
    from nlpchat.chats.meta.archive import threads_of

    found = threads_of(contents.sources)
    return [
        Thread(
            name,
            "json" if parts[0].lower().endswith(".json") else "html",
            tuple(contents.sources[p] for p in parts),
            name,
        )
        for name, parts in found.items()
    ]


def _other_json(contents: Contents) -> list[Thread]:
    """JSON files of no known name: Telegram's result.json alone where there is one."""
    names = [name for name in contents.sources if name.lower().endswith(".json")]
    names = [name for name in names if PurePosixPath(name).name == "result.json"] or names
    return [Thread(name.rpartition(".")[0], "json", (contents.sources[name],)) for name in names]


def _dated(source: Source) -> bool:
    return vote(_sample(source)) is not None


def _sample(source: Source) -> list[str]:
    """The first lines, as far as they can be guessed without reading the whole file for its encoding."""
    with source.open() as stream:
        head = stream.read(SAMPLE_BYTES)
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return head.decode(encoding, "replace").splitlines()


def _nothing(contents: Contents) -> ChatFormatError:
    if contents.zips and contents.packed == "folder":
        return ChatFormatError(
            f"{contents.path}: this folder holds {len(contents.zips)} zip files and no chat outside them. "
            f"Give the zip files themselves: {contents.path}/*.zip."
        )
    if contents.zips:
        return ChatFormatError(
            f"{contents.path}: this zip holds another zip ({PurePosixPath(contents.zips[0]).name}) and no chat. "
            "Unpack it and give the one inside."
        )
    wanted = "WhatsApp text (_chat.txt), message_1.json, message_1.html or result.json"
    return ChatFormatError(f"{contents.path}: no {wanted} in this {contents.packed}. Give the exported chat itself.")
