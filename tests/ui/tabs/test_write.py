"""What the tab Write does on the server."""

import json

import gradio as gr

from tests.ui.launched import events, launched, post
from tinygpt.request import GenerationRequest
from tinygpt.ui.blocks import build
from tinygpt.ui.components.controls import control_values
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session


def test_what_a_visitor_types_is_stored_in_no_file_and_no_log(weights, tmp_path, capfd, caplog):
    caplog.set_level("DEBUG")
    registry = Registry(Session(weights))
    page = build(registry)
    write = next(number for number, function in page.fns.items() if function.name == "write")
    secret = "The quiet harbor waits"
    values = control_values(GenerationRequest(prompt=secret, length=20), registry[MAIN].tokenizer.vocab_size)
    with launched(page, uploads=tmp_path) as client:
        for fields in (values, values | {"seed": secret}):
            call = {
                "fn_index": write,
                "session_hash": "ann",
                "data": [MAIN, None],
                "trigger_id": page.fns[write].targets[0][0],
            }
            call["event_data"] = {"call": 1 if fields is values else 2, "request": fields}
            assert post(client, "/gradio_api/queue/join", call).status_code == 200
            answer = "".join(events(client, "/gradio_api/queue/data?session_hash=ann"))
            assert json.dumps(secret)[1:-1] in answer
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert secret not in caplog.text + "".join(capfd.readouterr())


def test_a_sample_is_answered_like_a_text_and_weights_without_one_have_an_empty_text(weights):
    page = build(Registry(Session(weights)))
    write = next(function for function in page.fns.values() if function.name == "write")
    (update,) = write.fn(MAIN, LatestCall(), gr.EventData(None, {"call": 3, "sample": True}))
    ((pane, data),) = update.items()
    assert pane.elem_id == "output"
    assert data == {"call": 3, "text": "", "writing": False, "status": []}
