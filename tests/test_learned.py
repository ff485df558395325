"""ui/learned.py, ui/snapshots.py and ui/columns.py: how the weights came about."""

import json
import math
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygpt import SampleConfig, open_checkpoint, save_checkpoint, stream
from tinygpt.stored import CONFIG, HISTORY, METRICS, WEIGHTS
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.chart import Curve
from tinygpt.ui.columns import Column, legend, side_by_side
from tinygpt.ui.learned import learning, loss_curves
from tinygpt.ui.session import Session
from tinygpt.ui.shelf import OWN, Shelf
from tinygpt.ui.snapshots import LENGTH, Board, read_snapshots, write_snapshots

LOSSES = {1: 4.0, 8: 3.0, 64: 2.0}


@pytest.fixture
def run(build, dataset, tmp_path) -> Path:
    """The folder of weights that came with three snapshots, the last of which is what is served."""
    for seed, (step, loss) in enumerate(LOSSES.items()):
        facts = {"steps": step, "validation_loss": loss}
        save_checkpoint(tmp_path / HISTORY / f"step-{step:06}", build(seed=seed), dataset.tokenizer, facts=facts)
    save_checkpoint(tmp_path, build(seed=2), dataset.tokenizer, facts={"steps": 64})
    return tmp_path


@pytest.fixture
def shelf(run) -> Shelf:
    return Shelf(Session(run))


def texts(html: str) -> list[str]:
    return [unescape(re.sub("<[^>]*>", "", each)) for each in re.findall(r'<div class="leaf">(.*?)</div>', html, re.S)]


def here(html: str) -> list[str]:
    return re.findall(r'data-name="(\d+)" class="here" aria-current="true"', html)


# Losses


def test_curves_are_the_evaluations_of_the_run_the_held_out_ones_first(tmp_path):
    rows = [{"step": 5, "train_loss": 3.0, "validation_loss": 4}, {"step": 9, "train_loss": 1.5, "validation_loss": 2}]
    (tmp_path / METRICS).write_text("\n".join(map(json.dumps, rows)))
    assert loss_curves(tmp_path / METRICS) == [
        Curve("held out", [(5, 4), (9, 2)]),
        Curve("trained on", [(5, 3.0), (9, 1.5)]),
    ]


@pytest.mark.parametrize(
    "content",
    [
        *(None, "", "nonsense", "[]", "5", '{"step": 5}'),
        '{"step": 5, "train_loss": NaN, "validation_loss": 1}',
        '{"step": 5, "train_loss": "low", "validation_loss": 1}',
        '{"step": 0, "train_loss": 2, "validation_loss": 1}',
        '{"step": null, "train_loss": 2, "validation_loss": 1}',
        "\udcff",
    ],
    ids=repr,
)
def test_evaluations_that_are_missing_or_make_no_sense_are_no_curves(tmp_path, content):
    if content is not None:
        (tmp_path / METRICS).write_bytes(content.encode(errors="surrogateescape"))
    assert loss_curves(tmp_path / METRICS) is None


def test_a_snapshot_has_a_point_at_its_step_and_its_loss_and_early_ones_begin_the_held_out_curve(shelf):
    html = learning(
        [Curve("held out", [(8, 3.5), (64, 2.5)]), Curve("trained on", [(8, 2.0)])], read_snapshots(shelf[OWN])
    )
    assert re.findall(r'data-x="(\d+)" style="left:([\d.]+)%;bottom:([\d.]+)%"', html) == [
        ("1", "0.00", "100.00"),
        ("8", "50.00", "50.00"),
        ("64", "100.00", "0.00"),
    ]
    assert '<polyline class="curve-0" points="0.00,0.00 50.00,25.00 100.00,75.00"/>' in html


def test_a_snapshot_that_was_not_measured_has_a_column_but_no_point(run):
    annotated = run / HISTORY / "step-000008" / CONFIG
    config = json.loads(annotated.read_text())
    for loss in ({}, {"validation_loss": math.nan}):
        annotated.write_text(
            json.dumps({name: fact for name, fact in config.items() if "validation" not in name} | loss)
        )
        snapshots = read_snapshots(Session(run))
        assert [each.heading for each in snapshots] == ["step 1 · 4.00 nats", "step 8", "step 64 · 2.00 nats"]
        assert re.findall(r'data-x="(\d+)"', learning([Curve("held out", [(1, 1)])], snapshots)) == ["1", "64"]


# Snapshots


def test_what_is_broken_in_a_history_is_left_out_and_the_rest_is_there(run):
    history = run / HISTORY
    (history / "step-000001" / WEIGHTS).write_bytes(b"rubbish")
    (history / "step-000008" / CONFIG).unlink()
    (history / "step-000009").mkdir()
    (history / "step-000010").write_text("a file")
    assert [each.step for each in read_snapshots(Session(run))] == [64]


def test_a_history_that_is_missing_or_empty_has_no_snapshots(run):
    (run / HISTORY).rename(run / "elsewhere")
    assert read_snapshots(Session(run)) == []
    (run / HISTORY).touch()
    assert read_snapshots(Session(run)) == []
    (run / HISTORY).unlink()
    (run / HISTORY).mkdir()
    assert read_snapshots(Session(run)) == []


def test_every_snapshot_continues_the_same_prompt_with_the_same_seed(shelf, run):
    *_, (html, status) = write_snapshots(shelf, OWN, "My", "7", Board())
    settings = SampleConfig(max_new_tokens=LENGTH, temperature=0.8, seed=7)
    folders = sorted((run / HISTORY).iterdir())
    assert texts(html) == ["".join(stream(*open_checkpoint(folder), "My", settings)) for folder in folders]
    assert "seed 7" in status
    assert here(html) == []


def test_they_grow_together(shelf):
    lengths = [
        [len(text) for text in texts(html)]
        for html, _ in write_snapshots(shelf, OWN, "My", "7", Board())
        if type(html) is str
    ]
    assert lengths[0] == [0, 0, 0]
    assert all(len(set(each)) == 1 for each in lengths)
    assert lengths[-1] == [LENGTH] * 3


def test_one_snapshot_writes_into_its_column_and_the_others_stay(shelf):
    board = Board()
    *_, (before, _) = write_snapshots(shelf, OWN, "My", "7", board)
    *_, (after, _) = write_snapshots(shelf, OWN, "The", "8", board, 8)
    assert [old == new for old, new in zip(texts(before), texts(after), strict=True)] == [True, False, True]
    assert here(after) == ["8"]
    assert texts(after) == texts(board.html(shelf[OWN]))


@pytest.mark.parametrize("step", [2, "8", [8], math.nan], ids=repr)
def test_a_press_on_a_point_that_is_not_there_changes_nothing(shelf, step):
    board = Board()
    assert list(write_snapshots(shelf, OWN, "My", "7", board, step)) == []
    assert (board.texts, board.here) == ({}, None)


@pytest.mark.parametrize(
    ("prompt", "seed", "told"), [("My", "seven", "seed must be"), ("x" * 10_001, "7", "prompt must be")]
)
def test_what_is_out_of_bounds_is_refused_with_a_sentence_and_the_texts_stay(shelf, prompt, seed, told):
    board = Board()
    list(write_snapshots(shelf, OWN, "My", "7", board))
    kept = dict(board.texts)
    *_, (_, status) = write_snapshots(shelf, OWN, prompt, seed, board)
    assert told in status
    assert board.texts == kept


def test_a_text_for_weights_that_are_no_longer_chosen_does_not_come_back(shelf):
    board = Board()
    first = write_snapshots(shelf, OWN, "My", "7", board)
    next(shown for shown in first if type(shown[0]) is str)
    board.begin()
    assert [type(part) for shown in first for part in shown] == [dict, dict]  # nothing is to change


def test_a_refused_wish_ends_the_text_before_it_too_so_that_the_refusal_stays(shelf):
    board = Board()
    first = write_snapshots(shelf, OWN, "My", "7", board)
    next(shown for shown in first if type(shown[0]) is str)
    *_, (_, status) = write_snapshots(shelf, OWN, "My", "seven", board)
    assert "seed must be" in status
    assert [type(part) for shown in first for part in shown] == [dict, dict]  # nothing is to change


def test_a_snapshot_that_went_away_is_named_and_its_place_on_the_machine_is_not(shelf, run):
    assert read_snapshots(shelf[OWN])
    (run / HISTORY / "step-000008" / WEIGHTS).unlink()
    *_, (_, status) = write_snapshots(shelf, OWN, "My", "7", Board())
    assert "the snapshot of step 8 is no longer whole" in status
    assert str(run) not in status


def test_stop_ends_all_of_the_texts(shelf):
    board = Board()
    growing = write_snapshots(shelf, OWN, "My", "7", board)
    next(shown for shown in growing if type(shown[0]) is str)
    board.stop()
    *_, (html, status) = growing
    assert all(len(text) < LENGTH for text in texts(html))
    assert "stopped" in status


def test_a_new_wish_ends_the_text_before_it(shelf):
    board = Board()
    first = write_snapshots(shelf, OWN, "My", "7", board)
    next(shown for shown in first if type(shown[0]) is str)
    *_, (html, _) = write_snapshots(shelf, OWN, "My", "7", board, 8)
    assert [type(part) for shown in first for part in shown] == [dict, dict]  # no text: nothing is to change
    assert [len(text) == LENGTH for text in texts(html)] == [False, True, False]


# The tab


def test_weights_without_a_run_or_its_snapshots_have_a_page_that_says_so(run):
    def page() -> str:
        return str(build_page(Shelf(Session(run))).get_config_file())

    assert "without a metrics.jsonl" in page()
    (run / METRICS).write_text('{"step": 5, "train_loss": 2, "validation_loss": 1}')
    assert "Write with every snapshot" in page()
    (run / HISTORY).rename(run / "elsewhere")
    assert "without snapshots of their run" in page()


# Columns


@given(st.text(alphabet="ab<&'\n", max_size=20), st.data())
def test_a_column_shows_its_text_unchanged_whatever_is_marked_in_it(text, data):
    place = st.integers(0, len(text))
    stretches = data.draw(st.lists(st.tuples(place, place).map(sorted).map(tuple), max_size=3))
    marked = data.draw(st.none() | st.integers(0, len(text) - 1)) if text else None
    assert texts(side_by_side([Column("a", text, marked, stretches)])) == [text]


def test_what_is_by_heart_is_underlined_to_the_character_through_a_mark_too():
    html = side_by_side([Column("<a>", "0123456789", 4, [(3, 6), (8, 10)])])
    assert "".join(re.findall(r'<u class="by-heart">(.*?)</u>', html)) == "3<mark>4</mark>5" + "89"
    assert "<h2>&lt;a&gt;</h2>" in html
    assert legend([[], [(3, 6)]])
    assert not legend([[], ()])
