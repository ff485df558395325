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
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session

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
    latest = [id for id, block in page.blocks.items() if isinstance(getattr(block, "value", None), LatestCall)]
    assert len(latest) >= 3
    for id in latest:
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

    def call(visitor: str, number: int, data: list, call: dict) -> str:
        """Everything that the page answers to a call."""
        body = {"fn_index": number, "session_hash": visitor, "data": data, "event_data": {"call": 2} | call}
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


def test_no_field_lets_browsers_cut_what_is_pasted_into_it(page: gr.Blocks):
    """They would do so without a word."""
    fields = [each for each in page.blocks.values() if isinstance(each, gr.Textbox)]
    assert len(fields) > 5
    assert [each.label for each in fields if each.max_length is not None] == []


def test_an_emptied_number_is_refused_in_a_sentence_by_every_route(page: gr.Blocks, client: httpx.Client):
    for route in ("call/generate", "run/generate", "api/generate"):
        for name in ("length", "temperature"):
            values = [{"prompt": "a", name: None}.get(each, default(each)) for each in names()]
            answer = post(client, f"/gradio_api/{route}", {"data": values})
            assert (400 <= answer.status_code < 500, name in answer.text) == (True, True)
    for number, function in page.fns.items():
        for place, component in enumerate(function.inputs):
            if isinstance(component, gr.Slider) and function.fn and not function.queue:
                values = [7 if isinstance(each, gr.Slider) else "main" for each in function.inputs]
                values[place] = None
                answer = post(client, "/gradio_api/run/predict", {"fn_index": number, "data": values})
                assert answer.status_code == 400
                assert "must be" in answer.json()["error"]
