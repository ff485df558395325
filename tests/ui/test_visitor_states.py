"""Which visitors' states are kept: those of calls of the endpoint go first."""

from collections.abc import Iterator

import gradio as gr
import httpx
import pytest

from tests.ui.launched import events, launched, post
from tinygpt.ui import serving


@pytest.fixture
def page() -> gr.Blocks:
    """A page that counts, for each visitor apart, and an endpoint."""

    def generate() -> str:
        return "text"

    with gr.Blocks() as blocks:
        count, shown = gr.State(0), gr.Number()
        gr.Button().click(lambda count: (count + 1, count + 1), count, [count, shown], queue=False, api_name="count")
        gr.api(generate)
    return blocks


@pytest.fixture
def client(page: gr.Blocks, monkeypatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(serving, "MAX_VISITORS_KEPT", 3)
    with launched(page) as client:
        yield client


def counted(page: gr.Blocks, client: httpx.Client, visitor: str) -> int:
    number = next(number for number, each in page.fns.items() if each.api_name == "count")
    body = {"fn_index": number, "session_hash": visitor, "data": [None]}
    return post(client, "/gradio_api/run/predict", body).json()["data"][1]


def test_calls_of_the_endpoint_leave_the_states_of_visitors_alone(page, client):
    assert [counted(page, client, visitor) for visitor in ("ann", "bob")] == [1, 1]
    for _ in range(5):
        event = post(client, "/gradio_api/call/generate", {"data": []}).json()["event_id"]
        assert events(client, f"/gradio_api/call/generate/{event}") == ['["text"]']
    assert [counted(page, client, visitor) for visitor in ("ann", "bob")] == [2, 2]
    assert len(page.state_holder.session_data) == 3


def test_of_more_visitors_than_fit_those_who_were_away_longest_are_forgotten(page, client):
    assert [counted(page, client, visitor) for visitor in ("ann", "bob", "cid", "ann", "dan")] == [1, 1, 1, 2, 1]
    assert [counted(page, client, visitor) for visitor in ("ann", "cid", "bob")] == [3, 2, 1]
