"""The list of what was trained on the page, and what other visitors notice when weights are deleted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tinygpt import TextEncoderDecoder, save_checkpoint
from tinygpt.checkpoint.reading import BEST
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.components.own_weights import more_steps, own_weights_data
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs


@pytest.fixture
def registry(weights: Path) -> Registry:
    return Registry(Session(weights))


@pytest.fixture
def training_jobs(registry: Registry, build: Callable, tmp_path: Path) -> TrainingJobs:
    """A page's trainings, one of which is finished."""
    facts = {"steps": 300, "preset": "quick", "validation_loss": 1.5, "training": {"max_iters": 400}}
    tokenizer, folder = TextEncoderDecoder("\nabc"), tmp_path / "runs" / "page-1"
    save_checkpoint(folder, build(vocab_size=4), tokenizer, facts=facts)
    save_checkpoint(folder / BEST, build(vocab_size=4, seed=2), tokenizer, facts={"steps": 80})
    return TrainingJobs(registry, tmp_path / "runs")


@pytest.fixture
def page(registry: Registry, training_jobs: TrainingJobs) -> gr.Blocks:
    return build_page(registry, training_jobs)


def answer(page: gr.Blocks, listener: str, event: str, chosen: str, **said: Any) -> dict[Any, Any]:
    """The last update by a listener of an event, with the weights `chosen` in the menu, by the ids of its parts."""
    [function] = [each for each in page.fns.values() if each.name == listener and each.targets[0][1] == event]
    *_, updates = function.fn(chosen, LatestCall(), gr.EventData(None, {"call": 1, **said}))
    return {part.elem_id: value for part, value in updates.items()}


def test_a_row_says_what_was_trained_and_how_much_of_the_disk_it_takes(training_jobs: TrainingJobs):
    [row] = own_weights_data(training_jobs.runs)["weights"]
    assert row["about"].startswith("preset quick · 300 steps · about as unsure as choosing among 4½ letters · ")
    assert row["about"].endswith("MB on disk")
    assert (row["name"], row["best"], row["more"]) == ("page-1", ["page-1/best", 80], 100)


@pytest.mark.parametrize(
    ("made", "planned", "more"), [(400, 400, 400), (37, 400, 363), (0, 0, 1), (90_000, 90_000, 10_000)]
)
def test_what_is_left_or_as_much_again_is_offered(made: int, planned: int, more: int):
    assert more_steps(made, planned) == more


def test_who_deletes_the_weights_of_their_menu_is_back_at_the_main_ones(page: gr.Blocks):
    updates = answer(page, "listen", "delete", "page-1/best", weights="page-1")
    assert updates["own-weights"]["status"] == [("status", "“page-1” is deleted.")]
    assert updates["own-weights"]["weights"] == []
    assert (updates["weights"]["value"], [choice[1] for choice in updates["weights"]["choices"]]) == (MAIN, [MAIN])
    [adapt] = [function for function in page.fns.values() if function.name == "adapt"]
    changes = adapt.fn(MAIN, "page-1/best", "my own", 3)  # the form is still set up for what is gone
    slider = adapt.inputs[-1]
    assert changes[slider]["value"] == changes[slider]["maximum"]


def test_another_visitor_who_has_chosen_deleted_weights_is_told_so(page: gr.Blocks, training_jobs: TrainingJobs):
    training_jobs.runs.delete("page-1")
    [told] = answer(page, "write", "submit", "page-1", request={"prompt": "abc"}).values()
    assert told["status"] == [("note", "The weights “page-1” were deleted: choose others in the menu.")]


def test_who_writes_with_weights_gets_them_with_a_prompt_of_theirs_or_is_told_that_they_are_gone(
    page: gr.Blocks, training_jobs: TrainingJobs
):
    chosen = answer(page, "write_with", "select", MAIN, weights="page-1")
    assert (chosen["own-weights"]["status"], chosen["weights"]["value"], len(chosen)) == ([], "page-1", 3)
    training_jobs.runs.delete("page-1")
    gone = answer(page, "write_with", "select", "page-1/best", weights="page-1")
    assert gone["own-weights"]["status"] == [("note", "The weights “page-1” were deleted: choose others in the menu.")]
    assert (gone["own-weights"]["weights"], gone["weights"]["value"], len(gone)) == ([], MAIN, 2)


def test_renaming_keeps_the_choice_and_a_forged_event_changes_nothing(page: gr.Blocks, training_jobs: TrainingJobs):
    updates = answer(page, "listen", "edit", "page-1", weights="page-1", title="My diary")
    assert "value" not in updates["weights"]
    assert updates["own-weights"]["weights"][0]["title"] == "My diary"
    for event in ("edit", "delete"):
        for name in ("../runs/page-1", MAIN, "page-1/best", None, ["page-1"], {"page-1": 1}):
            refused = answer(page, "listen", event, MAIN, weights=name, title="x")["own-weights"]
            assert [kind for kind, _ in refused["status"]] == ["note"]
            assert "weights" not in refused
    assert own_weights_data(training_jobs.runs)["weights"][0]["title"] == "My diary"


def test_a_page_that_does_not_train_has_nothing_to_rename_or_delete(registry: Registry):
    page = build_page(registry)
    assert not [each for each in page.fns.values() if each.targets and each.targets[0][1] in ("edit", "delete")]
