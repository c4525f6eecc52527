"""Conversations of Meta's archives by the names of their files."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpchat.chats.meta.archive import threads_of

SHARED = Path(__file__).parents[2].parent / "shared" / "chats" / "msgvault" / "testdata"


@pytest.mark.parametrize("root", ["", "your_activity_across_facebook/", "a/your_facebook_activity/", "x/y/"])
@pytest.mark.parametrize("box", ["inbox", "archived_threads", "e2ee_cutover", "message_requests", "legacy_threads"])
def test_threads_by_folder_and_parts_by_number(root, box):
    folder = f"{root}messages/{box}/zoé_1a"
    names = [f"{folder}/message_{n}.json" for n in (1, 10, 2)] + [
        f"{folder}/photos/1.jpg", f"{root}profile/profile.json", f"{root}messages/secret_conversations.json",
        f"{root}posts/your_posts_1.json",
    ]  # fmt: skip
    assert threads_of(names) == {f"{box}/zoé_1a": tuple(f"{folder}/message_{n}.json" for n in (1, 2, 10))}


def test_a_box_without_its_messages_folder():
    assert threads_of(["inbox/z_1/message_1.json"]) == {"inbox/z_1": ("inbox/z_1/message_1.json",)}


@pytest.mark.parametrize(
    ("name", "thread"),
    [
        ("message_1.json", ""),
        ("message_1.html", ""),
        ("messages/message.json", ""),
        ("julie_1a/message_1.json", "julie_1a"),
        ("messages/julie_1a/message.json", "julie_1a"),
        ("messages/Zoé Petit_12.json", "Zoé Petit_12"),
        ("messages.htm", "messages"),
        ("facebook-zoe/html/messages.htm", "messages"),
        ("facebook-zoe/messages/214.html", "214"),
    ],
)
def test_threads_that_are_in_no_box(name, thread):
    assert threads_of([name]) == {thread: (name,)}


def test_each_file_of_the_encrypted_zip_is_a_thread():
    assert list(threads_of(["messages/a_1.json", "messages/a_2.json", "media/x.jpg"])) == ["a_1", "a_2"]


def test_json_wins_over_html():
    names = [f"messages/inbox/z/message_1.{form}" for form in ("html", "json")]
    assert threads_of(names) == {"inbox/z": ("messages/inbox/z/message_1.json",)}


def test_a_thread_unpacked_in_two_places_is_joined_or_kept_apart():
    apart = threads_of(["a/messages/inbox/z/message_1.json", "b/messages/inbox/z/message_2.json"])
    assert apart == {"inbox/z": ("a/messages/inbox/z/message_1.json", "b/messages/inbox/z/message_2.json")}
    both = threads_of(["a/messages/inbox/z/message_1.json", "b/messages/inbox/z/message_1.json"])
    assert both == {
        "inbox/z": ("a/messages/inbox/z/message_1.json",),
        "b/inbox/z": ("b/messages/inbox/z/message_1.json",),
    }
    assert len(threads_of([f"a/{root}/messages/inbox/z/message_1.json" for root in "xyz"])) == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the fixtures of other projects are not here")
def test_the_archives_of_msgvault():
    found = {
        folder.name: list(threads_of(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.*"))))
        for folder in SHARED.iterdir()
    }
    assert found["json_simple"] == ["archived_threads/zoe_ARCH", "inbox/alice_ABC123"]
    assert found["corrupt"] == ["inbox/broken_BAD", "inbox/goodsibling_OK"]
    assert found["e2ee_simple"] == ["alice_1", "group_2"]
    assert found["html_simple"] == ["inbox/alice_ABC123"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["messages", "inbox", "z", "", "message_1.json", "1.html", "a_2.json"]))))
def test_any_names_and_no_file_is_in_two_threads(pieces):
    names = sorted({"/".join(parts) for parts in pieces})
    listed = [part for parts in threads_of(names).values() for part in parts]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(names)
