"""Pages of Meta's to messages: of 2017, of 2018 to 2020, of today, and of class names that nobody knows yet."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats.containers import Source
from nlpchat.chats.meta.html_threads import NO_DATE, read_meta_html
from nlpchat.errors import ChatFormatError, NlpchatError
from nlpchat.records import Reaction

SHARED = Path(__file__).parents[2].parent / "shared" / "chats"

# How a block is written: {sender}, {body} (four places of which the second is the text), {date}.
NOW = (
    '<div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder"><h2 class="_3-95 _2pim _a6-h _a6-i">{sender}</h2>'
    '<div class="_3-95 _a6-p">{body}</div><div class="_3-94 _a6-o">{date}</div></div>'
)
LEGACY_INSTAGRAM = NOW.replace("<h2", "<div").replace("</h2", "</div")
OF_2018 = (
    '<div class="pam _3-95 _2pi0 _2lej uiBoxWhite noborder"><div class="_3-96 _2pio _2lek _2lel">{sender}</div>'
    '<div class="_3-96 _2let">{body}</div><div class="_3-94 _2lem">{date}</div></div>'
)
UNKNOWN = (
    '<section class="q1"><h3 class="q2">{sender}</h3><div class="q3">{body}</div><p class="q4">{date}</p></section>'
)
FORMS = {"now": NOW, "instagram before 2023": LEGACY_INSTAGRAM, "2018": OF_2018, "unknown classes": UNKNOWN}


def body(text: str = "", *more: str) -> str:
    places = "".join(f"<div>{part}</div>" for part in (*more, *[""] * (3 - len(more))))
    return f"<div><div></div><div>{text}</div>{places}</div>"


def page(*blocks: tuple[str, str, str], form: str = NOW, title: str = "Zoé Petit") -> str:
    shown = "".join(form.format(sender=s, body=b, date=d) for s, b, d in blocks)
    return (
        f'<html><head><meta charset="utf-8"><title>{title}</title><style>._a6-o {{color: red}}</style></head><body>'
        f'<div class="_a705"><header><h1>{title}</h1></header><main class="_a706" role="main">'
        f'<div class="_a6-g"><h2 class="_a6-h">Participants : Zoé Petit et Bob Martin</h2></div>{shown}</main></div>'
        "</body></html>"
    )


def read(folder: Path, *pages: str, name: str = ""):
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"message_{n}.html" for n in range(1, len(pages) + 1)]
    for path, html in zip(paths, pages, strict=True):
        path.write_text(html, "utf-8")
    return read_meta_html(tuple(map(Source, paths)), name)


def one(folder: Path, *pages: str):
    (chat,) = read(folder, *pages)
    return chat


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("11 juin 2026, 13:38", "11 juin 2026, 13:37"),
        ("juin 11, 2026 1:38 pm", "juin 11, 2026 1:37 pm"),
        ("11 juin 2026 à 13:38", "11 juin 2026 à 13:37"),
        ("Jun 11, 2026 1:38\u202fPM", "Jun 11, 2026 1:37\u202fPM"),
    ],
)
def test_every_form_reads_alike(form, later, earlier, tmp_path):
    html = page(
        ("Bob Martin", body("à demain 😀"), later),
        ("Zoé Petit", body("deux lignes :<br />« où ça&nbsp;? » &lt;ici&gt;"), earlier),
        ("Zoé Petit", body("d’abord"), earlier),
        form=form,
    )
    chat = one(tmp_path, html)
    assert [(m.author, m.text, m.kind, m.line) for m in chat] == [
        ("Zoé Petit", "d’abord", "text", 3),
        ("Zoé Petit", "deux lignes :\n« où ça\xa0? » <ici>", "text", 2),
        ("Bob Martin", "à demain 😀", "text", 1),
    ]
    assert [m.sent_at for m in chat] == [datetime(2026, 6, 11, 13, minute) for minute in (37, 37, 38)]
    assert (chat.title, chat.platform, chat.authors) == ("Zoé Petit", "messenger", ("Zoé Petit", "Bob Martin"))


DATE = "févr. 07, 2024 5:44 am"
PHOTO = '<div><a target="_blank" href="m/photos/1.jpg"><img src="m/photos/1.jpg" class="_a6_o _3-96" /></a></div>'
VIDEO = '<video src="m/videos/2.mp4" controls="1"><a href="m/videos/2.mp4"><div>Cliquez :</div></a></video>'
LINK = '<div>Une recette</div><div><a target="_blank" href="https://a.example/b">https://a.example/b</a></div>'
LIKED = '<ul class="_a6-q"><li><span>❤️Bob Martin<span> (févr. 07, 2024 5:50 am)</span></span></li></ul>'


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("inner", "text", "kind", "author"),
    [
        (body("", PHOTO), "1.jpg", "media", "Zoé Petit"),
        (body("regarde", PHOTO), "regarde", "text", "Zoé Petit"),
        (body("", VIDEO), "2.mp4", "media", "Zoé Petit"),
        (body("", LINK), "https://a.example/b, Une recette", "media", "Zoé Petit"),
        (body("miam", LINK), "miam", "text", "Zoé Petit"),
        (body("Zoé Petit a envoyé une pièce jointe.", LINK), "Zoé Petit a envoyé une pièce jointe.", "media", "Zoé Petit"),
        (body('vu sur <a href="https://a.example">a.example</a> hier'), "vu sur a.example hier", "text", "Zoé Petit"),
        (body("Zoé a démarré un appel vidéo.", "Durée : 3 min"), "Zoé a démarré un appel vidéo.\nDurée : 3 min", "call",
         "Zoé Petit"),
        (body("A réagi 😂 à votre message"), "A réagi 😂 à votre message", "notice", None),
        (body("Message annulé"), "Message annulé", "deleted", "Zoé Petit"),
        (body("salut", "IP : 192.0.2.1"), "salut", "text", "Zoé Petit"),
        (body("il a ajouté du sel"), "il a ajouté du sel", "text", "Zoé Petit"),
        (body(), "", "notice", None),
        (body("rendez-vous<br>19 Oct 2019, 14:37"), "rendez-vous\n19 Oct 2019, 14:37", "text", "Zoé Petit"),
    ],
)  # fmt: skip
def test_kinds(inner, text, kind, author, form, tmp_path):
    chat = one(tmp_path, page(("Zoé Petit", inner, DATE), ("Bob", body("un"), DATE), form=form))
    message = chat.messages[-1]
    assert (message.text, message.kind, message.author) == (text, kind, author)
    assert chat.messages[0].text == "un"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_reactions_stay_beside_their_message(form, tmp_path):
    (message,) = one(tmp_path, page(("Zoé Petit", body("oui", "", LIKED), DATE), form=form))
    assert (message.text, message.reactions) == ("oui", (Reaction("Bob Martin", "❤️"),))


def test_a_message_that_holds_a_date_and_a_name_is_one_message(tmp_path):
    inner = "<div><div>Soirée crêpes</div><div>12 févr. 2024, 20:00</div></div>"
    chat = one(tmp_path, page(("Zoé Petit", inner, DATE), ("Bob", body("oui"), DATE), form=UNKNOWN))
    assert [m.text for m in chat] == ["oui", "Soirée crêpes\n12 févr. 2024, 20:00"]


def test_pages_are_read_by_number_and_the_border_once(tmp_path):
    def at(n: int):
        return ("Bob", body(f"n° {n}"), f"11 juin 2026, 13:{n}")

    newest = page(at(30), at(29), at(28))
    chat = one(tmp_path, newest, page(at(28), at(27)), *[page(at(26 - n)) for n in range(8)])
    assert [m.text for m in chat] == [f"n° {n}" for n in range(19, 31)]
    assert [w.count for w in chat.warnings if w.what.startswith("messages that were in two parts")] == [1]


def test_the_same_words_twice_in_a_minute_are_two_messages(tmp_path):
    assert len(one(tmp_path, page(("Bob", body("ok"), DATE), ("Bob", body("ok"), DATE)))) == 2


def test_a_date_that_is_not_understood_is_counted_and_shown(tmp_path):
    chat = one(tmp_path, page(("Bob", body("oui"), DATE), ("Bob", body("kyllä"), "11 kesäkuuta 2026 klo 13.38")))
    (warning,) = [w for w in chat.warnings if w.what == NO_DATE]
    assert (warning.count, warning.line, warning.examples) == (1, 2, ("11 kesäkuuta 2026 klo 13.38",))


@pytest.mark.parametrize(
    ("html", "says"),
    [
        (page(), "no message with a name and a date"),
        (page(("Bob", body("kyllä"), "11 kesäkuuta 2026 klo 13.38")), "11 kesäkuuta 2026"),
        ("<html><body>Bonjour</body></html>", "no message with a name and a date"),
        ("<html><![x[ <p>", "JSON as the format"),
        ('<html><a class="thread">"message_header"', "no message with a name and a date"),
        ("", "the file is empty"),
    ],
)
def test_a_page_without_messages_says_what_to_do(html, says, tmp_path):
    with pytest.raises(ChatFormatError, match=r"message_1\.html.*(?:JSON as the format|Export)") as caught:
        read(tmp_path, html)
    assert says in str(caught.value)


def test_a_page_of_instagram_is_known_by_where_its_photos_are(tmp_path):
    inner = body("", PHOTO.replace("m/photos", "your_instagram_activity/messages/inbox/z_1/photos"))
    assert one(tmp_path, page(("zoe.p", inner, DATE))).platform == "instagram"


def legacy(*threads: tuple[str, list[tuple[str, str, str]]]) -> str:
    shown = ""
    for people, messages in threads:
        shown += f'<div class="thread">{people}'
        for sender, date, text in messages:
            shown += (
                f'<div class="message"><div class="message_header"><span class="user">{sender}</span>'
                f'<span class="meta">{date}</span></div></div><p>{text}</p>'
            )
        shown += "</div>"
    return f'<html><body><div class="contents"><h1>Zoé Petit</h1><div>{shown}</div></div></body></html>'


def test_the_page_of_2017_has_every_conversation_in_utc(tmp_path):
    html = legacy(
        ("Zoé Petit, Bob Martin", [("Bob Martin", "dimanche 4 décembre 2016, 13:54 UTC-07", "l’été<br>dernier")]),
        ("Zoé Petit, Inès", [("Inès", "lundi 5 décembre 2016, 09:00 UTC+01", '<img src="messages/photos/7.jpg">')]),
        ("Bob Martin, Zoé Petit", [("Zoé Petit", "dimanche 4 décembre 2016, 13:53 UTC-07", "avant")]),
    )
    bob, ines = read(tmp_path, html, name="messages")
    assert [(m.author, m.text) for m in bob] == [("Zoé Petit", "avant"), ("Bob Martin", "l’été\ndernier")]
    assert bob.messages[1].sent_at == datetime(2016, 12, 4, 20, 54, tzinfo=UTC)
    assert [(m.text, m.kind) for m in ines] == [("7.jpg", "media")]
    assert [(c.title, c.thread) for c in (bob, ines)] == [("Bob Martin", "Bob Martin"), ("Inès", "Inès")]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the fixtures of other projects are not here")
@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("msgvault/testdata/html_simple", [3]),
        ("msgvault/testdata/html_multi_media", [3]),
        ("msgvault/testdata/html_with_media", [1]),
        ("msgvault/testdata/html_timestamps", [1, 1, 1]),
        ("msgvault/testdata/mixed", [2]),
        # three conversations, as that project's own tests expect
        ("fbchat-archive-parser/tests", [5, 7, 8]),
    ],
)
def test_pages_of_other_projects(path, counts):
    found = sorted((SHARED / path).rglob("*.htm*"))
    chats = [chat for file in found for chat in read_meta_html((Source(file),))]
    assert [len(chat) for chat in chats] == counts


@settings(max_examples=400, deadline=None)
@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([
        "<div>", "</div>", "<h2>", "</h2>", "<p>", "</p>", "<ul><li>", "Bob", DATE, "<br>", '<div class="_a6-o">', "<![",
        '<div class="thread">', '"message_header"', '<span class="meta">', "</span>", "<!--", "<a href='x'>", "&#xD800;",
        "<img src='a/b'>", "<" + "div><" * 150 + "i>", "❤️Zoé", "</ul>", "<style>", "<title>", "3/4/2024 10:00",
    ]), max_size=40).map(lambda parts: "".join(parts).encode("utf-8", "replace"))
)  # fmt: skip
def test_any_bytes_are_a_chat_or_a_fault_that_is_said(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("html") / "message_1.html"
    path.write_bytes(data)
    said = ""
    try:
        chats = read_meta_html((Source(path),))
    except NlpchatError as fault:
        said, chats = str(fault), ()
    assert "\n" not in said
    for message in (m for chat in chats for m in chat):
        message.text.encode("utf-8")
        (message.author or "").encode("utf-8")
