"""Training on the page, without gradio."""

import gc
import math
import re
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from tests.runs import metrics
from tests.server import ROOT
from tests.ui.services.jobs import begun, trained, written
from tinygpt.checkpoint.reading import METRICS, read_facts
from tinygpt.model.gpt import GPTLanguageModel
from tinygpt.training.divergence import DivergenceError
from tinygpt.training.state import saved_run
from tinygpt.ui.services import training_jobs as module
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.trainers import OFFERED_PRESETS, training_config
from tinygpt.ui.services.training_jobs import TrainingJob, TrainingJobs


def test_a_finished_job_is_measured_and_its_weights_write(
    training_jobs: TrainingJobs, registry: Registry, text: str, tmp_path: Path
):
    reports = []
    for job in training_jobs.follow(training_jobs.start(text.encode(), "quick", 10).id):
        reports.append((job.step, job.registered))
    assert reports == sorted(reports)
    assert reports[-1] == (10, True)
    assert [name for _, name in registry.choices()] == [MAIN, "page-1", *(["page-1/best"] if job.best_step else [])]
    session = registry["page-1"]
    assert session.facts["validation_loss"] == job.loss
    assert session.tokenizer.vocabulary == "".join(sorted(set(text)))
    assert len(written(session)) == 20
    assert [row["step"] for row in metrics(tmp_path / "runs" / "page-1")] == [each.step for each in job.evaluations]
    assert len(job.evaluations) == 10
    step, sample = job.sample
    assert (step, len(sample)) == (job.evaluations[-1].step, 200)


def test_a_stopped_job_is_saved_and_can_be_resumed_in_a_terminal(
    training_jobs: TrainingJobs, registry: Registry, text: str, tmp_path: Path, called: Callable
):
    job = begun(training_jobs, text, steps=60)
    training_jobs.stop(job.id)
    assert list(training_jobs.follow(job.id)) != []
    assert 0 < job.step < 60
    assert job.stop_reason == "stopped"
    assert job.registered
    assert job.loss is None
    assert len(written(registry["page-1"])) == 20
    folder = tmp_path / "runs" / "page-1"
    assert saved_run(folder).training == training_config("quick", 60)
    result = called(ROOT / "train.py", "--resume", "--out", folder, "--max-iters", job.step + 6)
    assert result.returncode == 0, result.stderr
    assert metrics(folder)[-1]["step"] == job.step + 6


def test_a_job_that_cannot_be_saved_says_so_and_what_was_saved_stays(
    training_jobs: TrainingJobs, registry: Registry, text: str, tmp_path: Path, monkeypatch
):
    def block_the_state(model):
        folder = tmp_path / "runs" / "page-1"
        (folder / METRICS).unlink()
        (folder / METRICS).mkdir()  # so that the next row cannot be written
        return model

    monkeypatch.setattr(module, "fastest", block_the_state)
    monkeypatch.setattr(module, "stream", lambda *_: "")
    with pytest.raises(
        ValueError, match=r"^step 2 could not be saved in .*page-1 \(Is a directory: .*\): what was saved"
    ):
        trained(training_jobs, text.encode(), "tiny-gpt", 10)
    assert read_facts(tmp_path / "runs" / "page-1")["steps"] == 1


def test_a_job_goes_on_without_its_visitor_who_finds_it_again(training_jobs: TrainingJobs, text: str):
    job = begun(training_jobs, text, steps=30)  # and its visitor has left
    assert list(training_jobs.follow(job.id))[-1] is job
    assert (job.step, job.registered, job.stop_reason) == (30, True, "")
    assert list(training_jobs.follow(job.id)) == [job]  # once more, after its end


def test_a_job_whose_visitor_stays_away_is_saved_and_makes_room_for_another(
    training_jobs: TrainingJobs, registry: Registry, text: str, monkeypatch
):
    monkeypatch.setattr(module, "MAX_ABSENCE", 0.2)
    job = begun(training_jobs, text)
    with pytest.raises(ValueError, match="another training run is in progress"):
        training_jobs.start(text.encode(), "quick", 10)
    deadline = time.monotonic() + 60
    while job.ended is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 0 < registry["page-1"].facts["steps"] < 10_000
    assert job.stop_reason == "left"
    assert trained(training_jobs, text.encode(), "quick", 5).registered


def test_nobody_without_its_id_can_follow_or_stop_a_job(training_jobs: TrainingJobs, text: str):
    job = begun(training_jobs, text)
    for stranger in (None, "", job.id[:-1], [job.id], {"id": job.id}, 0):
        for act in (lambda id: next(training_jobs.follow(id)), training_jobs.stop):
            with pytest.raises(ValueError, match="no longer listed"):
                act(stranger)
    assert not job.stop_reason
    training_jobs.finish()
    assert job.stop_reason


def test_of_jobs_that_have_ended_few_are_remembered_and_none_for_long(
    training_jobs: TrainingJobs, text: str, monkeypatch
):
    monkeypatch.setattr(module, "MAX_REMEMBERED", 2)
    jobs = [trained(training_jobs, text.encode(), "tiny-gpt", 1) for _ in range(3)]
    with pytest.raises(ValueError, match="no longer listed"):
        training_jobs.stop(jobs[0].id)
    assert [[*training_jobs.follow(job.id)] for job in jobs[1:]] == [[job] for job in jobs[1:]]
    monkeypatch.setattr(module, "MAX_MEMORY", 0)
    with pytest.raises(ValueError, match="no longer listed"):
        training_jobs.stop(jobs[2].id)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (OSError, r"step \d+ could not be saved in .*page-1 \(Is a directory: .*\): what was saved before is kept"),
        (DivergenceError, r"the loss became nan at step \d+: choose another preset .* saved is in .*page-1"),
        (ZeroDivisionError, "ZeroDivisionError"),
    ],
)
def test_a_job_that_fails_after_its_visitor_has_left_is_logged_in_one_line_unless_it_is_our_fault(
    training_jobs: TrainingJobs, text: str, tmp_path: Path, monkeypatch, caplog, kind: type[Exception], told: str
):
    left = Event()

    def fail(model: GPTLanguageModel) -> GPTLanguageModel:
        left.wait(60)
        if kind is OSError:
            metrics = tmp_path / "runs" / "page-1" / METRICS
            metrics.unlink()
            metrics.mkdir()  # so that the next row cannot be written
        elif kind is DivergenceError:
            model.lm_head.weight.data.fill_(math.nan)
        else:
            raise ZeroDivisionError
        return model

    monkeypatch.setattr(module, "fastest", fail)
    monkeypatch.setattr(module, "stream", lambda *_: "")
    monkeypatch.setattr(TrainingJob, "stop", lambda job: None)  # the job is to come to what fails
    begun(training_jobs, text, "tiny-gpt", 10)
    left.set()
    training_jobs.finish()
    [record] = caplog.records
    assert re.fullmatch(f"A training on the page failed: {told}.*", record.getMessage())
    assert (record.exc_info[0] if record.exc_info else None) == (kind if kind is ZeroDivisionError else None)


def test_an_unexpected_failure_is_told_to_the_visitor_who_is_still_there(
    training_jobs: TrainingJobs, text: str, monkeypatch
):
    monkeypatch.setattr(module, "_train", lambda *_: 1 / 0)  # before there are any weights
    with pytest.raises(ValueError, match=r"^the training failed unexpectedly: try again$"):
        trained(training_jobs, text.encode(), "tiny-gpt", 10)
    assert [*training_jobs.home.iterdir()] == []  # nothing takes the room of runs that can be used


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            b"To be, or not to be",
            "the text is too short: it has 19 characters, and this model needs at least 650",
        ),
        (b"a" * 5000, "the text repeats one character"),
        (b"MZ\0\1" * 500, "the text is binary"),
        ("Café ".encode("latin-1") * 500, "the text is not UTF-8 text"),
        (b"\n \n" * 500, "the text is empty"),
    ],
    ids=["short", "one character", "binary", "latin-1", "blank"],
)
def test_a_text_that_cannot_be_trained_on_is_refused_and_leaves_nothing(
    training_jobs: TrainingJobs, registry: Registry, tmp_path: Path, content: bytes, complaint: str, caplog
):
    for _ in range(2):  # the second time nothing is left of the first
        with pytest.raises(ValueError, match=complaint) as refused:
            trained(training_jobs, content, "quick", 20)
    assert str(tmp_path) not in str(refused.value)
    assert caplog.records == []
    assert [*(tmp_path / "runs").iterdir()] == []
    assert len(registry) == 1


def test_a_loss_that_is_not_finite_ends_the_job_and_what_was_saved_stays(
    training_jobs, registry, text, tmp_path, monkeypatch
):
    models = []

    def break_weights(model):
        models.append(weakref.ref(model))
        model.lm_head.weight.data.fill_(math.nan)
        return model

    monkeypatch.setattr(module, "fastest", break_weights)
    monkeypatch.setattr(module, "stream", lambda *_: "")
    with pytest.raises(
        ValueError, match=r"^the loss became nan at step 3: choose another preset .* saved is in .*page-1"
    ):
        trained(training_jobs, text.encode(), "tiny-gpt", 20)
    assert read_facts(tmp_path / "runs" / "page-1")["steps"] == 2
    assert len(registry) == 1
    gc.collect()
    assert [model() for model in models] == [None] * len(models)  # a failed job is remembered, but not all it held


def test_a_folder_that_cannot_be_created_is_named(registry: Registry, text: str, tmp_path: Path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(
        ValueError, match=r"the run cannot be kept in .*runs \(File exists\): make room there, or start"
    ):
        trained(TrainingJobs(registry, tmp_path / "runs"), text.encode(), "quick", 5)


@pytest.mark.parametrize("preset", OFFERED_PRESETS)
@pytest.mark.parametrize("steps", [1, 7, 20, 400, 10_000])
def test_every_offered_preset_is_evaluated_about_ten_times(preset: str, steps: int):
    config = training_config(preset, steps)
    assert config.max_iters == steps
    assert steps // config.eval_interval in range(min(steps, 5), 11)
    assert not config.compile


@pytest.mark.parametrize(
    ("preset", "steps"), [("nanogpt", 10), (None, 10), ("quick", 0), ("quick", 10_001), ("quick", 2.5), ("quick", None)]
)
def test_presets_and_steps_that_are_not_offered_are_refused(preset, steps):
    with pytest.raises(ValueError, match=r"^(preset|steps) must be"):
        training_config(preset, steps)
