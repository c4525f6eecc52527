"""Who sent what: names as people, WhatsApp's own words as nobody's, whoever they are put down to."""

import pytest

from nlpchat.chats import read_chat
from nlpchat.chats.whatsapp.senders import person_of

L = "\u200e"
UNKNOWN = "short texts with WhatsApp's own mark, taken for notices or media"


def read(folder, *lines, name="chat.txt"):
    path = folder / name
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8")
    return read_chat(path)


def ios(*said):
    """Lines of an iPhone, one a minute: "Alice: bonjour"."""
    return [f"[13/05/2024 08:{n:02}:00] {line}" for n, line in enumerate(said)]


def android(*said):
    return [f"13/05/2024, 08:{n:02} - {line}" for n, line in enumerate(said)]


def kinds(chat):
    return [(m.author, m.kind) for m in chat]


@pytest.mark.parametrize(
    ("written", "person"),
    [
        ("Alice", "Alice"), ("Alice ", "Alice"), ("Alice\u00a0", "Alice"), ("~ Zoé", "Zoé"), ("~\u202fZoé", "Zoé"),
        ("~", "~"), ("~~~", "~~"), ("\u202a+33 6 12 34 56 78\u202c", "+33 6 12 34 56 78"), (f"{L}Bob", "Bob"),
        ("E\u0301ric", "Éric"), ("👩\u200d🔬", "👩\u200d🔬"), (L, ""),
    ],
)  # fmt: skip
def test_names(written, person):
    assert person_of(written) == person


@pytest.mark.parametrize("lines", [ios, android])
def test_one_person_however_the_name_is_written(lines, tmp_path):
    chat = read(tmp_path, *lines("Zoé: a", "~ Zoé: b", "Zoé : c", "Zoé\u00a0: d", f"{L}Zoé: e", "~\u202fZoe\u0301: f"))
    assert chat.authors == ("Zoé",)
    assert [m.text for m in chat] == ["a", "b", "c", "d", "e", "f"]


def test_notices_put_down_to_a_person_or_the_group_have_no_author(tmp_path):
    said = ("Les cousins: \u200eAlice a ajouté Bob", f"Alice: {L}Votre code de sécurité avec Alice a changé.", "Alice: ok",
            "Bob: ok", "Zoé: ok")  # fmt: skip
    chat = read(tmp_path, *ios(*said), name="WhatsApp Chat - Les cousins.txt")
    assert kinds(chat) == [(None, "notice")] * 2 + [("Alice", "text"), ("Bob", "text"), ("Zoé", "text")]
    assert set(chat.authors) == {"Alice", "Bob", "Zoé"}


@pytest.mark.parametrize("name", ["_chat.txt", "WhatsApp Chat - Famille.txt"])
def test_a_group_that_speaks_only_in_marked_lines_is_nobody(name, tmp_path):
    said = (f"Famille: {L}Bob a ajouté Zoé", f"Famille: {L}Quelque chose de neuf", f"Famille: {L}Appel vocal manqué",
            "Bob: ok", "Zoé: oui", "Ana: non")  # fmt: skip
    chat = read(tmp_path, *ios(*said), name=name)
    assert kinds(chat)[:3] == [(None, "notice"), (None, "notice"), (None, "call")]
    assert "Famille" not in chat.authors


def test_the_title_says_its_notices_without_marks_too(tmp_path):
    said = ("Famille: Bob a ajouté Zoé", "Famille: Bob a quitté le groupe", "Bob: ok", "Zoé: oui", "Ana: non")
    chat = read(tmp_path, *ios(*said), name="WhatsApp Chat - Famille.txt")
    assert kinds(chat)[:2] == [(None, "notice")] * 2
    assert kinds(read(tmp_path, *ios(*said)))[:2] == [("Famille", "text")] * 2


def test_the_contact_of_a_conversation_of_two_is_a_person(tmp_path):
    said = (f"Julie: {L}Les messages et les appels sont chiffrés de bout en bout. Aucun tiers ne peut les lire.",
            f"Julie: {L}image absente", f"Julie: {L}Appel vocal manqué", "Marc: tu as appelé ?")  # fmt: skip
    chat = read(tmp_path, *ios(*said), name="WhatsApp Chat - Julie.txt")
    assert kinds(chat) == [(None, "notice"), ("Julie", "media"), ("Julie", "call"), ("Marc", "text")]


def test_a_person_who_bears_the_name_of_the_group_and_speaks_is_a_person(tmp_path):
    chat = read(
        tmp_path, *ios(f"Zoé: {L}Zoé a ajouté Bob", "Zoé: salut", "Bob: ok", "Ana: oui"), name="WhatsApp Chat - Zoé.txt"
    )
    assert kinds(chat)[:2] == [(None, "notice"), ("Zoé", "text")]


def test_unknown_words_of_whatsapp_are_known_by_their_shape_and_shown(tmp_path):
    said = (f"Alice: {L}Objet tout nouveau omis", f"Alice: {L}Alice a fait une chose nouvelle", f"Bob: {L}Vous avez osé",
            "Bob: Objet tout nouveau omis", f"Bob: {L}{'mot ' * 40}", f"Bob: {L}deux\nlignes")  # fmt: skip
    chat = read(tmp_path, *ios(*said))
    assert kinds(chat) == [("Alice", "media"), (None, "notice"), (None, "notice")] + [("Bob", "text")] * 3
    (warning,) = [w for w in chat.warnings if w.what == UNKNOWN]
    assert (warning.count, warning.line) == (3, 1)
    assert warning.examples == ("Objet tout nouveau omis", "Alice a fait une chose nouvelle", "Vous avez osé")


@pytest.mark.parametrize(
    "line",
    ['Alice a remplacé le sujet par "Réunion : lundi: 8h".', "Alice a remplacé le sujet par « Noël: la liste »",
     'Alice changed the subject from "Books: one" to "Books: two"', 'Alice did something new to "Books: the club"',
     "Alice " + "a fait beaucoup de choses " * 6 + ": voilà"],
)  # fmt: skip
def test_a_notice_with_a_colon_makes_no_phantom(line, tmp_path):
    chat = read(tmp_path, *android("Bob: ok", line, "Alice: ok"))
    assert kinds(chat) == [("Bob", "text"), (None, "notice"), ("Alice", "text")]
    assert chat.messages[1].text == line


def test_a_name_with_a_colon_by_what_all_its_messages_begin_with(tmp_path):
    said = [f"Jean: boulot: message {n}" for n in range(6)] + ["Zoé: note: une fois", "Zoé: deux"]
    chat = read(tmp_path, *android(*said))
    assert chat.authors == ("Jean: boulot", "Zoé")
    assert chat.messages[0].text == "message 0"
    assert chat.messages[6].text == "note: une fois"
    (warning,) = [w for w in chat.warnings if "a part of their sender's name" in w.what]
    assert (warning.count, warning.line, warning.examples) == (6, 1, ("Jean: boulot",))


def test_a_few_messages_that_begin_alike_prove_no_name(tmp_path):
    chat = read(tmp_path, *android(*[f"Jean: rappel: message {n}" for n in range(4)]))
    assert (chat.authors, chat.messages[0].text) == (("Jean",), "rappel: message 0")


def test_a_name_alone_on_its_line(tmp_path):
    chat = read(tmp_path, "13/05/2024, 08:00 - Alice:", "sur la ligne suivante", "13/05/2024, 08:01 - Alice:")
    assert [(m.author, m.text) for m in chat] == [("Alice", "\nsur la ligne suivante"), ("Alice", "")]


def test_a_message_with_an_impossible_header_in_it_is_somebodys_text(tmp_path):
    chat = read(tmp_path, *android("Bob: <Médias omis>", "Bob: un"), "31/02/2024, 09:00 - Zoé: deux", "trois")
    assert chat.messages[1].text == "un\n31/02/2024, 09:00 - Zoé: deux\ntrois"
    assert kinds(chat) == [("Bob", "media"), ("Bob", "text")]


def test_android_puts_no_mark_before_words_of_its_own(tmp_path):
    chat = read(
        tmp_path, *android(f"דנה: {L}ok", f"Bob: {L}(sure)", f"Bob: {L}IMG-20240513-WA0001.jpg (file attached)")
    )
    assert kinds(chat) == [("דנה", "text"), ("Bob", "text"), ("Bob", "media")]
    assert chat.messages[0].text == f"{L}ok"
    assert len(chat.warnings) == 2


def test_a_keyboard_that_begins_with_the_mark(tmp_path):
    said = [f"Dana: {L}{text}" for text in ("ok", "yes", "see you", "great", "sure", "ok")]
    chat = read(tmp_path, *ios("Dana: hello", *said, "Bob: hi", f"Bob: {L}Objet tout nouveau omis"))
    assert kinds(chat) == [("Dana", "text")] * 7 + [("Bob", "text"), ("Bob", "media")]
    assert [(w.count, w.line) for w in chat.warnings if w.what == UNKNOWN] == [(1, 9)]


def test_marked_texts_with_a_mark_before_their_header_are_whatsapps(tmp_path):
    words = ("picha", "video", "sauti", "stika", "hati", "GIF")
    lines = [L + line for line in ios("Juma: x", *(f"Juma: {L}{word} haijajumuishwa" for word in words))]
    assert kinds(read(tmp_path, *lines)) == [("Juma", "text")] + [("Juma", "media")] * 6


@pytest.mark.parametrize("lines", [ios, android])
def test_a_name_with_an_emoticon(lines, tmp_path):
    said = ("Mom :): coucou", "Bob: ok", "Mom :): a : b\nc: d", "Mom :): <Médias omis>", "Mom :): 12:30 : oui")
    chat = read(tmp_path, *lines(*said))
    assert kinds(chat) == [("Mom :)", "text"), ("Bob", "text"), ("Mom :)", "text"), ("Mom :)", "media"),
                           ("Mom :)", "text")]  # fmt: skip
    assert [m.text for m in chat] == ["coucou", "ok", "a : b\nc: d", "<Médias omis>", "12:30 : oui"]
    assert set(chat.authors) == {"Mom :)", "Bob"}


def test_a_placeholder_of_an_unknown_language_comes_again(tmp_path):
    again = "<Midia haijajumuishwa>"
    said = (f"Juma: {again}", "Asha: <3", f"Asha: {again}", "Asha: <joke>", "Asha: <joke>", "Asha: <deux mots>",
            'Juma: <a href="x">', 'Juma: <a href="x">')  # fmt: skip
    chat = read(tmp_path, *android(*said))
    assert [m.kind for m in chat] == ["media", "text", "media", "text", "text", "text", "text", "text"]
    (warning,) = [w for w in chat.warnings if "angle brackets" in w.what]
    assert (warning.count, warning.line, warning.examples) == (2, 1, (again, again))


def test_attached_files_in_any_language(tmp_path):
    said = ("Juma: IMG-20240513-WA0001.jpg (faili imeambatishwa)", "Asha: VID-20240513-WA0002.mp4 (x y)\nmaelezo",
            "Asha: IMG-20240513-WA0001.jpg", "Asha: vois IMG-20240513-WA0001.jpg (flou)")  # fmt: skip
    assert [m.kind for m in read(tmp_path, *android(*said))] == ["media", "media", "text", "text"]
    chat = read(tmp_path, *ios(f"Juma: {L}<imeambatishwa: 00000012-PHOTO-2024-05-13-08-00-00.jpg>", "Juma: ok"))
    assert [m.kind for m in chat] == ["media", "text"]


def test_a_caption_of_several_lines_before_what_is_attached(tmp_path):
    said = (f"Bob: deux\nlignes {L}<attached: 00000001-PHOTO.jpg>", f"Bob: deux\nlignes {L}image absente",
            f"Bob: deux\nlignes {L}ici", "Bob: image absente ")  # fmt: skip
    chat = read(tmp_path, *ios(*said))
    assert [m.kind for m in chat] == ["media", "media", "text", "media"]


def test_a_poll_in_any_language(tmp_path):
    said = (
        f"Bob: {L}KURA:\nLini?\n{L}CHAGUO: leo (1)\n{L}CHAGUO: kesho (0)",
        f"Bob: {L}KURA:\nrien",
        "Bob: KURA:\noui",
    )
    assert [m.kind for m in read(tmp_path, *ios(*said))] == ["media", "text", "text"]


def test_the_notice_of_a_group_with_a_colon_in_its_title(tmp_path):
    encrypted = "Les messages et les appels sont chiffrés de bout en bout."
    chat = read(tmp_path, *ios(f"Voyage: Rome: {L}{encrypted}", "Bob: ok", f"Bob: lui: {L}non"))
    assert kinds(chat) == [(None, "notice"), ("Bob", "text"), ("Bob", "text")]
    assert chat.authors == ("Bob",)


def test_sentences_about_a_sender_are_no_names(tmp_path):
    said = ("Bob: ok", "Bob has set a brand new thing: party", "You have set the rules of: this", "Bob Marley: oui",
            "Bob du club de sport: un", "Bob du club de sport: deux", "Ana: voilà")  # fmt: skip
    chat = read(tmp_path, *android(*said))
    assert [m.author for m in chat] == ["Bob", None, None, "Bob Marley", *["Bob du club de sport"] * 2, "Ana"]
    assert [chat.messages[n].text for n in (1, 2)] == list(said[1:3])
    (warning,) = [w for w in chat.warnings if "sentence" in w.what]
    assert (warning.count, warning.line) == (2, 2)
