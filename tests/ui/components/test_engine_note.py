"""A visitor is told why the page writes slowly, in whichever tab."""

from concurrent.futures import Future

import gradio as gr
import pytest

from tinygpt.engines.handover import HandoverEngine
from tinygpt.engines.selection import as_engine
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.components.engine_note import engine_note
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session


@pytest.fixture
def session(weights) -> Session:
    return Session(weights)


def test_the_note_says_why_a_slower_engine_writes_as_soon_as_that_is_known(session, build):
    with gr.Blocks() as blocks:
        engine_note(blocks, session)
    (event,) = blocks.fns.values()
    assert [name for _, name in event.targets] == ["load", "tick"]
    (_, timer) = event.fn()
    assert timer.active  # asks again until the engine is loaded
    for reason in ("", "numba is not <installed>"):
        session._engine = as_engine(build(), reason)
        note, timer = event.fn()
        assert not timer.active
        assert note["visible"] == bool(reason)
        assert ("Writing is slower here (torch on cpu): numba is not &lt;installed&gt;." in note["value"]) == bool(
            reason
        )


def test_while_the_faster_engine_is_compiled_the_note_says_so_and_then_goes(session, build):
    with gr.Blocks() as blocks:
        engine_note(blocks, session)
    (event,) = blocks.fns.values()
    future = Future()
    session._engine = HandoverEngine(as_engine(build()), future)
    note, timer = event.fn()
    assert (note["visible"], timer.active) == (True, True)
    assert "Warming up: texts come more slowly for up to a minute." in note["value"]
    future.set_result((as_engine(build()), ""))
    note, timer = event.fn()
    assert (note["visible"], timer.active) == (False, False)


def test_the_note_stands_above_all_tabs(session):
    page = build_page(Registry(session))
    top = [type(block).__name__ if block.elem_id != "engine" else "note" for block in page.children]
    assert "note" in top[: top.index("Tabs")]
