"""An event that updates some of its outputs says the same as gradio's own, and builds nothing for the others."""

from copy import copy

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from tests import event_loop
from tinygpt.ui.partial_updates import PartialUpdates


@pytest.fixture
def page():
    with PartialUpdates() as page:
        outputs = [gr.HTML(), gr.Textbox(), gr.State("old"), gr.Button("Stop")]
        gr.on([outputs[3].click], dict, outputs=outputs)
    return page


UPDATES = {
    "a value": {0: "<p>text</p>"},
    "an update": {3: gr.update(interactive=False)},
    "a state": {2: "new"},
    "several, in another order": {3: gr.update(value="Go"), 2: None, 1: "text"},
    "an output that is left as it is": {1: gr.skip(), 0: "text"},
    "everything": {0: "a", 1: "b", 2: "c", 3: "d"},
}


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)
def test_a_visitor_is_sent_what_gradio_sends_for_what_is_updated_and_nothing_else(page, update):
    def sent(blocks_type):
        event, session = page.fns[0], SessionState(page)
        predictions = {event.outputs[number]: copy(value) for number, value in update.items()}
        values = event_loop.run(blocks_type.postprocess_data(page, event, predictions, session))
        return values, session[event.outputs[2]._id]

    (values, state), (gradios_values, gradios_state) = sent(PartialUpdates), sent(gr.Blocks)
    assert state == gradios_state
    for number, (value, gradios_value) in enumerate(zip(values, gradios_values, strict=True)):
        assert value == gradios_value if number in update else value in (None, gr.skip())


def test_components_without_an_update_are_not_built_again(page):
    event, session = page.fns[0], SessionState(page)
    event_loop.run(page.postprocess_data(event, {event.outputs[0]: "text"}, session))
    assert session[event.outputs[1]._id] is event.outputs[1]
    assert session[event.outputs[3]._id] is event.outputs[3]
