"""The list of what was trained on the page: to write with, to rename, to train further and to delete."""

from collections.abc import Callable, Iterator

import gradio as gr

from tinygpt.page.masthead import uncertainty
from tinygpt.ui.components.events import QUIET, Data, Updates, answers, event_value, on_call, on_load, packed
from tinygpt.ui.components.status import Line, refusal
from tinygpt.ui.components.weights_menu import menu_update
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.own_runs import MAX_RUNS, MAX_TITLE, OwnRun, OwnRuns, best_name
from tinygpt.ui.services.registry import MAIN, Registry, quoted
from tinygpt.ui.services.session import StopSignal
from tinygpt.ui.services.trainers import MAX_STEPS


def own_weights(registry: Registry, menu: gr.HTML, prompt: gr.Textbox, tab: gr.Tab, runs: OwnRuns) -> gr.HTML:
    """Lay out the list and wire its events. It is read anew when the tab is opened: others may have changed it."""
    latest = gr.State(LatestCall())
    own = gr.HTML(
        packed(own_weights_data(runs)), html_template="", elem_id="own-weights", js_on_load=on_load("ownWeights")
    )
    tab.select(lambda: packed(own_weights_data(runs)), None, own, queue=False, **QUIET)
    write = _write_listener(registry, menu, prompt, own, runs)
    on_call(own.select, "ownWeights", write, [menu, latest], [own, menu, prompt], queue=False)
    for event, change in ((own.edit, _rename), (own.delete, _delete)):
        listener = _listener(registry, menu, own, runs, change)
        on_call(event, "ownWeights", listener, [menu, latest], [own, menu], queue=False)
    return own


def own_weights_data(runs: OwnRuns) -> Data:
    """The list as the page's scripts draw it: OwnWeights of tinygpt/web/backend.js."""
    rule = (
        "A page that trains can be opened on this computer alone: whoever opens it can use these weights, rename them "
        f"and delete them. They are kept when the page is closed, at most {MAX_RUNS} training runs."
    )
    return {"weights": [_row(run) for run in runs.runs()], "rule": rule, "longest": MAX_TITLE, "status": []}


def more_steps(made: int, planned: int) -> int:
    """By how many steps a run is to go on if nothing else is said: those that are left, or as many again."""
    return min(MAX_STEPS, planned - made if planned > made else max(1, made))


def _row(run: OwnRun) -> Data:
    facts = run.last.facts
    steps = facts.get("steps", 0)
    known = [f"preset {facts['preset']}"] if facts.get("preset") else []
    known += [f"{steps:,} steps"]
    if (loss := facts.get("validation_loss")) is not None:
        known.append(uncertainty(loss))
    return {
        "name": run.name,
        "title": run.title,
        "about": " · ".join([*known, f"{run.bytes / 1e6:.1f} MB on disk"]),
        "size": f"{run.bytes / 1e6:.1f} MB",
        "best": [best_name(run.name), run.best.facts.get("steps", 0)] if run.best else None,
        "more": more_steps(steps, facts.get("training", {}).get("max_iters", steps)),
    }


def _rename(runs: OwnRuns, name: object, event: gr.EventData) -> None:
    runs.rename(name, event_value(event, "title"))


def _delete(runs: OwnRuns, name: object, _: gr.EventData) -> None:
    runs.delete(name)


def _listener(
    registry: Registry,
    menu: gr.HTML,
    own: gr.HTML,
    runs: OwnRuns,
    change: Callable[[OwnRuns, object, gr.EventData], None],
) -> Callable[..., Iterator[Updates]]:
    """A listener that renames or deletes a run, and says so in the list and in the menu."""

    def listen(chosen: str, latest: LatestCall, event: gr.EventData) -> Iterator[Updates]:
        def updates(signal: StopSignal) -> Iterator[Updates]:
            name = event_value(event, "weights")
            runs.folder(name)  # or there is none of this name
            title = quoted(registry.title(name))
            try:
                change(runs, name, event)
            except OSError as error:
                raise ValueError(str(error)) from None
            after = quoted(registry.title(name)) if registry.get(name) else ""
            done = "is deleted" if not after else "keeps its name" if after == title else f"is now called {after}"
            yield _updates(registry, menu, own, runs, chosen, [("status", f"{title} {done}.")])

        yield from answers(event, latest, own, updates)

    return listen


def _write_listener(
    registry: Registry, menu: gr.HTML, prompt: gr.Textbox, own: gr.HTML, runs: OwnRuns
) -> Callable[..., Iterator[Updates]]:
    """A listener that chooses weights in the menu, and a prompt that suits them."""

    def write_with(chosen: str, latest: LatestCall, event: gr.EventData) -> Iterator[Updates]:
        def updates(signal: StopSignal) -> Iterator[Updates]:
            name = event_value(event, "weights")
            try:
                example = registry[name].examples[0]
            except ValueError as error:  # somebody has deleted them
                yield _updates(registry, menu, own, runs, chosen, refusal(error))
            else:
                yield {own: {"status": []}, menu: menu_update(registry, value=name), prompt: example}

        yield from answers(event, latest, own, updates)

    return write_with


def _updates(
    registry: Registry, menu: gr.HTML, own: gr.HTML, runs: OwnRuns, chosen: str, status: list[Line]
) -> Updates:
    """The list and the menu as they are by now; where the weights `chosen` in the menu are gone, others are."""
    value = {} if registry.get(chosen) else {"value": MAIN}
    return {own: own_weights_data(runs) | {"status": status}, menu: menu_update(registry, **value)}
