"""Updates of a few components: those that an event leaves as they are cost nothing."""

from copy import copy
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction


class PartialUpdates(gr.Blocks):
    """A page whose events may update a few of their outputs, as often as text is written.

    For every output that an update leaves out, gradio builds a new component to be told that nothing changes.
    """

    async def postprocess_data(self, block_fn: BlockFunction, predictions: Any, *args: Any) -> list[Any]:
        """Turn what an event returns into the values of its outputs, as they are sent."""
        outputs = block_fn.outputs
        if not isinstance(predictions, dict) or not set(predictions) < set(outputs):
            return await super().postprocess_data(block_fn, predictions, *args)
        part = copy(block_fn)
        part.outputs = [output for output in outputs if output in predictions]
        values = [predictions[output] for output in part.outputs]
        sent = await super().postprocess_data(part, values if len(values) != 1 else values[0], *args)
        updated = dict(zip(part.outputs, sent, strict=True))
        return [updated.get(output, None if output.stateful else gr.skip()) for output in outputs]
