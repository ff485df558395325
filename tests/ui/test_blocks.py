"""What the page keeps and does for each of many visitors."""

import inspect
from collections.abc import Iterator

import gradio as gr
import httpx
import pytest

from tests.ui.launched import launched
from tinygpt.request import default, names
from tinygpt.ui import serving
from tinygpt.ui.blocks import build
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session, StopSignal

KEPT = 3


@pytest.fixture(scope="module")
def page(weights) -> Iterator[gr.Blocks]:
    """A page that keeps the state of few visitors."""
    page = build(Registry(Session(weights)), local=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "MAX_VISITORS_KEPT", KEPT)
        with launched(page):
            yield page


def test_of_many_visitors_the_state_of_the_most_recent_is_kept(page: gr.Blocks):
    visitors = [f"visitor {number}" for number in range(3 * KEPT)]
    values = [{"prompt": "a", "length": 1}.get(name, default(name)) for name in names()]
    function = next(id for id, each in page.fns.items() if each.api_name == "generate")
    with httpx.Client(base_url=page.local_url, trust_env=False) as client:
        for visitor in visitors:
            job = {"data": values, "fn_index": function, "session_hash": visitor}
            client.post("gradio_api/queue/join", json=job).raise_for_status()
            client.get("gradio_api/queue/data", params={"session_hash": visitor}).raise_for_status()
    assert list(page.app.state_holder.session_data) == visitors[-KEPT:]


def test_a_visitors_stop_concerns_no_other_visitor(page: gr.Blocks):
    ann, bob = (page.app.state_holder[visitor] for visitor in ("ann", "bob"))
    signals = [id for id, block in page.blocks.items() if isinstance(getattr(block, "value", None), StopSignal)]
    assert signals
    for id in signals:
        ann[id].stop()
        assert ann[id].reason
        assert not bob[id].reason
        assert not page.app.state_holder["somebody who comes later"][id].reason


def test_the_signatures_of_components_are_read_once(page: gr.Blocks):
    for component in {type(block) for block in page.blocks.values()}:
        constructor = component.__init__
        assert inspect.signature(constructor) is inspect.signature(constructor)
        assert next(iter(inspect.signature(constructor).parameters)) == "self"
