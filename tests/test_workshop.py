"""ui/workshop.py: training on the page, without gradio."""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import metrics

import app
from tinygpt.state import saved_run
from tinygpt.stored import read_facts
from tinygpt.ui import workshop as module
from tinygpt.ui.session import Session, StopSignal, parse_settings
from tinygpt.ui.shelf import OWN, Shelf
from tinygpt.ui.train import learning_curve, progressing, sampled
from tinygpt.ui.workshop import LARGEST, OFFERED, Run, Workshop, given_text, next_free, recipe, smoothed


@pytest.fixture
def shelf(weights: Path) -> Shelf:
    return Shelf(Session(weights))


@pytest.fixture
def workshop(shelf: Shelf, tmp_path: Path, monkeypatch) -> Workshop:
    monkeypatch.setattr(module, "UPDATES", 0.01)
    return Workshop(shelf, tmp_path / "runs")


def written(session: Session) -> str:
    settings = parse_settings(20, 0.8, None, None, "5", None, "sample", None)
    return [*session.write("", settings, StopSignal())][-1].continuation


def test_a_run_ends_on_the_shelf_measured_and_can_write(workshop: Workshop, shelf: Shelf, text: str, tmp_path: Path):
    reports = [(run.step, run.shelved) for run in workshop.train(text.encode(), "quick", 20, StopSignal())]
    run = [*workshop.train(text.encode(), "quick", 20, StopSignal())][-1]
    assert reports == sorted(reports)
    assert reports[-1] == (20, True)
    assert [name for _, name in shelf.choices()] == [OWN, "page-1", "page-2"]
    session = shelf["page-2"]
    assert session.facts["validation_loss"] == run.loss
    assert session.tokenizer.vocabulary == "".join(sorted(set(text)))
    assert len(written(session)) == 20
    assert [row["step"] for row in metrics(tmp_path / "runs" / "page-2")] == [step for step, _ in run.held_out]
    assert len(run.held_out) == 10
    step, sample = run.sample
    assert (step, len(sample)) == (run.held_out[-1][0], 200)


def test_a_stopped_run_is_offered_and_a_terminal_goes_on_with_it(
    workshop: Workshop, shelf: Shelf, text: str, tmp_path: Path, called: Callable
):
    signal = StopSignal()
    for run in workshop.train(text.encode(), "quick", 60, signal):
        if run.step:
            signal.stop()
    assert 0 < run.step < 60
    assert run.shelved
    assert run.loss is None
    assert len(written(shelf["page-1"])) == 20
    folder = tmp_path / "runs" / "page-1"
    assert saved_run(folder).recipe == recipe("quick", 60)
    result = called(Path(__file__).parent.parent / "train.py", "--resume", "--out", folder)
    assert result.returncode == 0, result.err
    assert metrics(folder)[-1]["step"] == 60


def test_a_run_that_nobody_hears_of_any_more_is_saved_and_makes_room(workshop: Workshop, shelf: Shelf, text: str):
    heard = workshop.train(text.encode(), "quick", 10_000, StopSignal())
    while not next(heard).step:
        pass
    with pytest.raises(ValueError, match="another training is under way"):
        next(workshop.train(text.encode(), "quick", 10, StopSignal()))
    heard.close()  # as when the visitor closes the page
    with workshop._busy:  # until it has ended
        pass
    assert 0 < shelf["page-1"].facts["steps"] < 10_000
    assert [*workshop.train(text.encode(), "quick", 5, StopSignal())][-1].shelved


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"To be, or not to be", "too short for quick: its last tenth .* 64 characters .* but has 2; about 650"),
        (b"a" * 5000, "the text repeats one character"),
        (b"MZ\0\1" * 500, "the text is binary"),
        ("Café ".encode("latin-1") * 500, "the text is not UTF-8 text"),
        (b"\n \n" * 500, "the text is empty"),
    ],
    ids=["short", "one character", "binary", "latin-1", "blank"],
)
def test_a_text_that_cannot_be_trained_on_is_refused_and_leaves_nothing(
    workshop: Workshop, shelf: Shelf, tmp_path: Path, content: bytes, complaint: str
):
    for _ in range(2):  # the place is free again
        with pytest.raises(ValueError, match=complaint) as refused:
            list(workshop.train(content, "quick", 20, StopSignal()))
    assert str(tmp_path) not in str(refused.value)
    assert [*(tmp_path / "runs").iterdir()] == []
    assert len(shelf) == 1


def test_a_loss_that_is_no_longer_finite_is_told_and_what_was_saved_stays(workshop, shelf, text, tmp_path, monkeypatch):
    def spoiled(model):
        model.lm_head.weight.data.fill_(math.nan)
        return model

    monkeypatch.setattr(module, "fastest", spoiled)
    monkeypatch.setattr(module, "stream", lambda *_: "")
    with pytest.raises(
        ValueError, match=r"^the loss became nan at step 3: take another preset .* saved is in .*page-1"
    ):
        list(workshop.train(text.encode(), "tiny-gpt", 20, StopSignal()))
    assert read_facts(tmp_path / "runs" / "page-1")["steps"] == 2
    assert len(shelf) == 1


def test_a_disk_on_which_nothing_can_be_kept_is_told(shelf: Shelf, text: str, tmp_path: Path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(ValueError, match=r"the run cannot be kept in .*runs: File exists"):
        list(Workshop(shelf, tmp_path / "runs").train(text.encode(), "quick", 5, StopSignal()))


@pytest.mark.parametrize("preset", OFFERED)
@pytest.mark.parametrize("steps", [1, 7, 20, 400, 10_000])
def test_every_offer_is_evaluated_about_ten_times_however_long_it_is(preset: str, steps: int):
    config = recipe(preset, steps)
    assert config.max_iters == steps
    assert steps // config.eval_interval in range(min(steps, 5), 11)
    assert not config.compile


@pytest.mark.parametrize(
    ("preset", "steps"), [("nanogpt", 10), (None, 10), ("quick", 0), ("quick", 10_001), ("quick", 2.5), ("quick", None)]
)
def test_what_is_not_offered_is_refused(preset, steps):
    with pytest.raises(ValueError, match=r"^(preset|steps) must be"):
        recipe(preset, steps)


def test_a_text_is_pasted_or_a_file(tmp_path: Path):
    file = tmp_path / "a.txt"
    file.write_bytes("Ünter\n".encode())
    assert given_text("Ünter\n", None) == given_text(" ", str(file)) == "Ünter\n".encode()


def test_no_text_two_texts_and_too_much_text_are_refused(tmp_path: Path):
    file, empty, large = (tmp_path / name for name in "abc")
    file.write_text("Here")
    empty.write_text("\n")
    large.write_bytes(b"x" * (LARGEST + 1))
    for pasted, upload, complaint in (
        ("", None, "there is no text yet"),
        (None, None, "there is no text yet"),
        ("", str(empty), "the file is empty"),
        ("Here", str(file), "a pasted text and a file"),
        ("", str(large), "has 20.0 MB, and the page takes 20: train on it in a terminal"),
        ("x" * (LARGEST + 1), None, "the page takes 20"),
        ("\ud83c half", None, "half a character"),
        ("", str(tmp_path / "gone"), "no longer there"),
    ):
        with pytest.raises(ValueError, match=complaint):
            given_text(pasted, upload)


def test_the_next_free_folder_is_one_that_nobody_has(tmp_path: Path):
    assert [next_free(tmp_path / "runs").name for _ in range(2)] == ["page-1", "page-2"]
    (tmp_path / "runs" / "page-1").rmdir()
    (tmp_path / "runs" / "page-3").write_text("")
    assert [next_free(tmp_path / "runs").name for _ in range(2)] == ["page-1", "page-4"]
    (tmp_path / "runs" / "page-1").rmdir()
    assert next_free(tmp_path / "runs", taken=["page-1"]).name == "page-5"


def test_smoothed_losses_are_means_of_the_last_twentieth_few_enough_to_draw():
    assert smoothed([3.0, 2.0], 10) == [(1, 3.0), (2, 2.0)]
    assert smoothed([4.0, 2.0, 3.0], 40) == [(1, 4.0), (2, 3.0), (3, 2.5)]
    assert smoothed([], 40) == []
    many = smoothed([1.0] * 10_000, 10_000)
    assert len(many) == 200
    assert many[-1] == (10_000, 1.0)


def test_what_the_model_wrote_is_shown_not_obeyed():
    run = Run(text=b"", preset="quick", recipe=recipe("quick", 20), sample=(2, "<img src=x>"))
    assert "&lt;img src=x&gt;" in sampled(run)
    assert "after step 2" in sampled(run)


def test_a_run_says_how_far_it_is_and_how_long_it_will_take():
    run = Run(text=b"", preset="quick", recipe=recipe("quick", 400))
    assert "value=" not in progressing(run)  # the bar shows only that something goes on
    run.folder, run.losses, run.seconds = Path("runs/page-1"), [3.0] * 99 + [2.0], 10.0
    assert 'max="400" value="100"' in progressing(run)
    assert "Step 100 of 400 · loss 2.000 · about 30 seconds left" in progressing(run)
    run.seconds = 1000.0
    assert "about 50 minutes left" in progressing(run)
    assert learning_curve(run).count("<polyline") == 2
    assert "<polyline" not in learning_curve()


@pytest.mark.parametrize(
    ("flags", "environment", "alone"),
    [
        ([], {}, True),
        (["--host", "localhost"], {}, True),
        (["--host", "127.0.0.2"], {}, True),
        (["--host", "::1"], {}, True),
        (["--host", "0.0.0.0"], {}, False),
        (["--host", "example.org"], {}, False),
        (["--share"], {}, False),
        ([], {"SPACE_ID": "somebody/tinygpt"}, False),
        ([], {"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
    ],
)
def test_training_is_offered_only_where_nobody_else_reaches_the_page(monkeypatch, flags, environment, alone):
    for name in ("SPACE_ID", "GRADIO_SERVER_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["app.py", *flags])
    assert app.for_this_machine_alone(app.parse()) == alone
