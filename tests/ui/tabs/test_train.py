"""The tab Train: what the browser is told about a job."""

from pathlib import Path

import pytest

from tinygpt.presets import PRESETS
from tinygpt.ui.services.evaluations import Evaluation
from tinygpt.ui.services.trainers import MAX_STEPS, OFFERED_PRESETS, training_config
from tinygpt.ui.services.training_jobs import TrainingJob
from tinygpt.ui.tabs.train import preset_cards, smooth, training_data


@pytest.fixture
def job() -> TrainingJob:
    """A job that has done 100 of 400 steps in 10 seconds."""
    job = TrainingJob(config=training_config("quick", 400))
    job.folder, job.batch_losses, job.seconds = Path("runs/page-1"), [3.0] * 99 + [2.0], 10.0
    job.evaluations, job.sample = [Evaluation(40, 2.9, 2.9), Evaluation(80, 2.7, 2.8)], (80, "<img src=x>")
    return job


def said(job: TrainingJob, chosen: bool = False) -> list[str]:
    return [sentence for kind, sentence in training_data(job, "My diary", chosen)["status"]]


def test_smooth_losses_are_means_over_a_twentieth_of_the_job_at_most_200_of_them():
    assert smooth([3.0, 2.0], 10) == [(1, 3.0), (2, 2.0)]
    assert smooth([4.0, 2.0, 3.0], 40) == [(1, 4.0), (2, 3.0), (3, 2.5)]
    assert smooth([], 40) == []
    many = smooth([1.0] * 10_000, 10_000)
    assert len(many) == 200
    assert many[-1] == (10_000, 1.0)


def test_the_steps_the_losses_and_the_sample_of_a_job_are_handed_over_as_data(job: TrainingJob):
    data = training_data(job)
    assert (data["step"], data["steps"], data["ended"], data["weights"]) == (100, 400, False, "")
    validation, training = data["curves"]
    assert validation["points"] == [(40, 2.9), (80, 2.8)]
    assert training["points"][-1] == (100, 2.95)
    assert data["sample"] == (80, "<img src=x>")


def test_what_a_job_does_is_told_in_a_line_that_changes_seldom_and_one_with_details(job: TrainingJob):
    details = "Step 100 of 400 · about as unsure as choosing among 19 letters"
    assert said(job) == ["Training: about 30 seconds left", details]
    job.seconds = 1.0
    assert said(job)[0] == "Training: a few seconds left"
    job.stop("left")
    assert said(job)[0] == "Saving what it has learned …"
    job.measuring = True
    assert said(job)[0].startswith("Measuring")
    new = TrainingJob(config=training_config("quick", 400))
    assert said(new) == ["Reading the text …"]
    assert training_data(new)["step"] is None


def test_the_end_of_a_job_says_where_its_weights_are(job: TrainingJob):
    job.registered, job.loss = True, 1.8
    done, unsure = said(job, chosen=True)
    there = "Its weights are now selected in the menu at the top of the page, as My diary."
    assert done == f"Done in about 10 seconds. {there}"
    assert unsure == "On text it never saw, it is about as unsure as choosing among 6 letters."
    assert "are in the menu" in said(job)[0]
    data = training_data(job)
    assert (data["weights"], data["best"]) == ("page-1", None)
    job.best_step = 80
    assert training_data(job)["best"] == ["page-1/best", 80]


def test_a_job_that_was_stopped_says_why_and_can_be_finished(job: TrainingJob):
    job.registered, job.stop_reason = True, "stopped"
    assert said(job)[0] == "Stopped at step 100 of 400. What it has learned is kept."
    assert training_data(job)["more"] == 300
    job.stop_reason = "left"
    assert "since you had left the page for 5 minutes" in said(job)[0]


def test_a_job_that_goes_on_shows_what_was_before_and_offers_as_much_again(job: TrainingJob):
    job.goes_on, job.first_step, job.batch_losses = "page-1", 80, [2.0] * 320
    job.evaluations.append(Evaluation(120, 2.0, 2.5))
    validation, training = training_data(job)["curves"]
    assert validation["points"] == [(40, 2.9), (80, 2.8), (120, 2.5)]
    assert training["points"][:3] == [(40, 2.9), (80, 2.7), (82, 2.0)]
    assert training["points"][-1] == (400, 2.0)
    assert training_data(job)["more"] == 400
    job.folder = None
    assert said(job) == ["Reading what was saved …"]


def test_where_the_loss_rises_again_it_is_said_why_and_marked(job: TrainingJob):
    assert training_data(job)["lowest"] == "Lowest on text it never saw: step 80."
    assert training_data(job)["marks"] == []
    job.characters, job.characters_per_step = 1000, 1024
    job.evaluations.append(Evaluation(100, 1.0, 3.1))
    data = training_data(job)
    assert data["lowest"].startswith("Lowest on text it never saw: step 80. Since then that curve has risen while the")
    assert data["lowest"].endswith("normal for a short text: it has read this one about 100 times.")
    [mark] = data["marks"]
    assert (mark["x"], mark["y"], mark["still"]) == (80, 2.8, True)
    job.characters = 10**6
    assert "short text" not in training_data(job)["lowest"]


def test_every_preset_that_is_offered_has_a_card_with_its_steps():
    assert [card["name"] for card in preset_cards()["cards"]] == list(OFFERED_PRESETS)
    for card in preset_cards()["cards"]:
        assert card["steps"] == PRESETS[card["name"]].train.max_iters <= MAX_STEPS
        assert card["about"].endswith(".")
