"""What trains on the page: the dropout of a new run, and runs that go on."""

from pathlib import Path

import pytest

from tests.ui.services.jobs import begun, trained, written
from tinygpt.training.state import STATE
from tinygpt.ui.services import own_runs
from tinygpt.ui.services import training_jobs as module
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.snapshots import read_snapshots
from tinygpt.ui.services.trainers import new_trainer, training_config
from tinygpt.ui.services.training_jobs import TrainingJobs


def test_a_job_goes_on_from_where_it_ended_under_the_same_name(
    training_jobs: TrainingJobs, registry: Registry, text: str, weights: Path, tmp_path: Path
):
    trained(training_jobs, text.encode(), "tiny-gpt", 4)
    training_jobs.runs.rename("page-1", "My diary")
    before = registry["page-1"].facts["weights_sha256"]
    home, again = tmp_path / "runs", Registry(Session(weights))
    restarted = TrainingJobs(again, home)  # knows no more than what is in the folder
    job = restarted.go_on("page-1", 12)
    *_, job = restarted.follow(job.id)
    assert (job.first_step, job.step, job.config.max_iters, job.registered) == (4, 16, 16, True)
    assert [each.step for each in job.evaluations] == [1, 2, 3, 4, 6, 8, 10, 12, 14, 16]
    assert again.title("page-1") == "My diary"
    facts = again["page-1"].facts
    assert (facts["steps"], facts["validation_loss"]) == (16, job.loss)
    assert [each.step for each in read_snapshots(again["page-1"])] == [1, 4, 16]
    with pytest.raises(ValueError, match="wrote this text were trained further, as “My diary”: write it anew"):
        again.of(before)
    assert len(written(again["page-1"])) == 20


def test_a_job_that_is_cut_short_while_it_goes_on_keeps_what_there_was(
    training_jobs: TrainingJobs, registry: Registry, text: str, weights: Path, tmp_path: Path, monkeypatch
):
    trained(training_jobs, text.encode(), "tiny-gpt", 3)
    before = registry["page-1"]
    monkeypatch.setattr(module, "fastest", lambda model: 1 / 0)  # after its first evaluation
    with pytest.raises(ValueError, match="unexpectedly"):
        [*training_jobs.follow(training_jobs.go_on("page-1", 3).id)]
    assert registry["page-1"] is before
    again = Registry(Session(weights))
    TrainingJobs(again, tmp_path / "runs")
    assert again["page-1"].facts["steps"] == 4
    assert read_snapshots(again["page-1"])[1].sha256 == before.facts["weights_sha256"]  # of step 3
    training_jobs.runs.delete("page-1")  # nothing holds it any more


def test_a_new_run_of_default_that_reads_its_text_often_has_dropout(text: str, tmp_path: Path):
    trainer = new_trainer(tmp_path, text.encode(), "default", training_config("default", 1000), "cpu")
    assert trainer.model.config.dropout == 0.15


def test_what_cannot_go_on_is_refused_with_the_reason(training_jobs: TrainingJobs, registry: Registry, text: str):
    trained(training_jobs, text.encode(), "tiny-gpt", 1)
    for name, steps, problem in (
        (MAIN, 1, "only what was trained on this page"),
        ("page-9", 1, "there are no weights called 'page-9'"),
        ("page-1", 0, "steps must be"),
        ("page-1", 10_001, "steps must be"),
        ("page-1", 2.5, "steps must be"),
    ):
        with pytest.raises(ValueError, match=problem):
            training_jobs.go_on(name, steps)
    job = begun(training_jobs, text)
    with pytest.raises(ValueError, match="another training run is in progress"):
        training_jobs.go_on("page-1", 1)
    job.stop()
    training_jobs.finish()
    (training_jobs.home / "page-1" / STATE).write_bytes(b"")
    with pytest.raises(ValueError, match=r"training_state\.safetensors is damaged"):
        [*training_jobs.follow(training_jobs.go_on("page-1", 1).id)]
    longer = training_jobs.go_on("page-2", 10_000)
    with pytest.raises(ValueError, match="“page-2” is being trained further just now"):
        training_jobs.runs.delete("page-2")
    longer.stop()
    training_jobs.finish()
    training_jobs.runs.delete("page-2")
    assert registry.get("page-2") is None


def test_where_as_many_are_kept_as_may_be_no_other_training_begins(training_jobs: TrainingJobs, text: str, monkeypatch):
    monkeypatch.setattr(own_runs, "MAX_RUNS", 1)
    trained(training_jobs, text.encode(), "tiny-gpt", 1)
    with pytest.raises(ValueError, match=r"at most 1 are kept: below, delete .* such as the oldest, “page-1”"):
        training_jobs.start(text.encode(), "tiny-gpt", 1)
    training_jobs.runs.delete("page-1")
    assert trained(training_jobs, text.encode(), "tiny-gpt", 1).registered
