"""The tab Train: progress, curves and samples of a job."""

import re
from html import unescape
from pathlib import Path

from tinygpt.system.shell import own_command
from tinygpt.ui.services.training_jobs import TrainingJob, training_config
from tinygpt.ui.tabs.train import progress_bar, sample_text, smooth, training_curve


def test_smooth_losses_are_means_over_a_twentieth_of_the_job_at_most_200_of_them():
    assert smooth([3.0, 2.0], 10) == [(1, 3.0), (2, 2.0)]
    assert smooth([4.0, 2.0, 3.0], 40) == [(1, 4.0), (2, 3.0), (3, 2.5)]
    assert smooth([], 40) == []
    many = smooth([1.0] * 10_000, 10_000)
    assert len(many) == 200
    assert many[-1] == (10_000, 1.0)


def test_a_sample_is_escaped():
    job = TrainingJob(text=b"", preset="quick", config=training_config("quick", 20), sample=(2, "<img src=x>"))
    assert "&lt;img src=x&gt;" in sample_text(job)
    assert "after step 2" in sample_text(job)


def test_the_progress_of_a_job_has_its_steps_its_loss_and_the_time_left():
    job = TrainingJob(text=b"", preset="quick", config=training_config("quick", 400))
    assert "value=" not in progress_bar(job)  # the bar shows only that something happens
    job.folder, job.batch_losses, job.seconds = Path("runs/page-1"), [3.0] * 99 + [2.0], 10.0
    assert 'max="400" value="100"' in progress_bar(job)
    assert "Step 100 of 400 · loss 2.000 · about 30 seconds left" in progress_bar(job)
    job.seconds = 1000.0
    assert "about 50 minutes left" in progress_bar(job)
    assert training_curve(job).count("<polyline") == 2
    assert "<polyline" not in training_curve()


def test_the_command_that_continues_a_stopped_job_can_be_copied_whatever_its_folder_is_called():
    job = TrainingJob(text=b"", preset="quick", config=training_config("quick", 400), registered=True)
    job.folder = Path("all runs", "$HOME's <b>", "page-1")
    [command] = re.findall(r"in a terminal: ([^<]*)<", progress_bar(job))
    assert unescape(command) == own_command("train", "--resume", "--out", job.folder)
