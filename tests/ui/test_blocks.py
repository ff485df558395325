"""What the page keeps and does for each of many visitors."""

import inspect
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
import pytest

from tests.ui.launched import events, launched, post
from tinygpt import open_checkpoint
from tinygpt.inference.continuation import write
from tinygpt.request import GenerationRequest, default, names
from tinygpt.ui import serving
from tinygpt.ui.blocks import build
from tinygpt.ui.components.controls import control_values
from tinygpt.ui.components.events import WRITERS
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.wishes import Wishes

KEPT = 4


@pytest.fixture(scope="module")
def page(weights) -> Iterator[gr.Blocks]:
    """A page that keeps the state of few visitors."""
    page = build(Registry(Session(weights)), local=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "MAX_VISITORS_KEPT", KEPT)
        with launched(page):
            yield page


@pytest.fixture
def client(page: gr.Blocks) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=page.local_url, timeout=60, trust_env=False) as client:
        yield client


def test_of_many_visitors_the_state_of_the_most_recent_is_kept(page: gr.Blocks, client: httpx.Client):
    visitors = [f"visitor {number}" for number in range(3 * KEPT)]
    values = [{"prompt": "a", "length": 1}.get(name, default(name)) for name in names()]
    function = next(id for id, each in page.fns.items() if each.api_name == "generate")
    for visitor in visitors:
        job = {"data": values, "fn_index": function, "session_hash": visitor}
        client.post("gradio_api/queue/join", json=job).raise_for_status()
        client.get("gradio_api/queue/data", params={"session_hash": visitor}).raise_for_status()
    assert list(page.app.state_holder.session_data) == visitors[-KEPT:]


def test_all_texts_that_visitors_ask_for_share_one_limit(page: gr.Blocks):
    writers = [function for function in page.fns.values() if inspect.isgeneratorfunction(function.fn)]
    assert {function.name for function in writers} >= {
        "write",
        "open_link",
        "compare",
        "write_with_snapshots",
        "generate",
    }
    assert {(function.queue, function.concurrency_id) for function in writers} == {(True, WRITERS)}


def test_a_visitors_stop_concerns_no_other_visitor(page: gr.Blocks):
    ann, bob = (page.app.state_holder[visitor] for visitor in ("ann", "bob"))
    wishes = [id for id, block in page.blocks.items() if isinstance(getattr(block, "value", None), Wishes)]
    assert len(wishes) >= 3
    for id in wishes:
        signals = [each[id].begin(1) for each in (ann, bob, page.app.state_holder["somebody who comes later"])]
        ann[id].stop()
        assert [each.reason for each in signals] == ["stopped", "", ""]


def test_visitors_see_nothing_of_each_others_texts_seeds_and_settings(page: gr.Blocks, client: httpx.Client, weights):
    functions = {function.name: number for number, function in page.fns.items()}
    model = open_checkpoint(weights)
    secrets = {
        visitor: GenerationRequest(
            prompt=f"The {noun}", length=40 + n, temperature=0.7123451 + n / 10**6, seed=8675309000 + n
        )
        for n, (visitor, noun) in enumerate({"ann": "river", "bob": "candle", "eve": "harbor"}.items())
    }

    def call(visitor: str, number: int, data: list, wish: dict) -> str:
        """Everything that the page answers to a wish."""
        body = {"fn_index": number, "session_hash": visitor, "data": data, "event_data": {"wish": 2} | wish}
        body["trigger_id"] = page.fns[number].targets[0][0]
        assert post(client, "/gradio_api/queue/join", body).status_code == 200
        return "".join(events(client, f"/gradio_api/queue/data?session_hash={visitor}"))

    def written(visitor: str) -> str:
        fields = control_values(secrets[visitor], model[1].vocab_size)
        return call(visitor, functions["write"], [MAIN, None], {"request": fields})

    with ThreadPoolExecutor() as pool:
        answers = dict(zip(secrets, pool.map(written, secrets), strict=True))
    for visitor, request in secrets.items():
        *_, last = write(*model, request)
        assert json.dumps(last.text)[1:-1] in answers[visitor]
    for stranger in [*secrets, "somebody new"]:
        inside = call(stranger, functions["look_inside"], ["", MAIN, 1, 1, 1, None], {})
        seen = answers.get(stranger, "") + inside + client.get("/config").text
        for visitor, request in secrets.items():
            for secret in (request.prompt, str(request.seed), f"{request.temperature:g}"):
                assert (secret in seen) == (visitor == stranger), (secret, stranger)


def test_the_signatures_of_components_are_read_once(page: gr.Blocks):
    for component in {type(block) for block in page.blocks.values()}:
        constructor = component.__init__
        assert inspect.signature(constructor) is inspect.signature(constructor)
        assert next(iter(inspect.signature(constructor).parameters)) == "self"


def test_the_configs_of_components_are_made_once_and_each_visitor_gets_a_copy(page: gr.Blocks):
    for component in page.blocks.values():
        config = component.get_config()
        assert config == type(component).get_config(component)
        config["value"] = "of another visitor"
        assert component.get_config().get("value") != "of another visitor"
