"""config.json: of older formats too, and anything that is not the config of a checkpoint is refused in one line."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.checkpoint.damage import assert_refused, reconfigure
from tinygpt import TrainConfig, load_checkpoint, save_checkpoint
from tinygpt.checkpoint.reading import CONFIG, NEXT_CONFIG, WEIGHTS, read_checkpoint, read_facts
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint

# The format "tinygpt 1"

TRAINING = TrainConfig(ns_steps=3, decay_fraction=0.5, min_lr_ratio=0.25, ema_decay=0.75, distill_weight=0.125)
OLD_NAMES = {
    "ns_steps": "muon_steps",
    "decay_fraction": "decay_share",
    "min_lr_ratio": "final_share",
    "ema_decay": "average_decay",
    "distill_weight": "teacher_share",
}


@pytest.fixture
def save_format_1(build, tokenizer):
    """save_format_1(folder, seed): a checkpoint as it was saved by the version that wrote "tinygpt 1"."""

    def save(folder: Path, seed: int) -> None:
        save_checkpoint(folder, build(seed=seed), tokenizer, facts={"steps": seed, "training": asdict(TRAINING)})
        config = json.loads((folder / CONFIG).read_text()) | {"format": "tinygpt 1", "left_out": 12}
        config["training"] = {OLD_NAMES.get(name, name): value for name, value in config["training"].items()}
        (folder / CONFIG).write_text(json.dumps(config))

    return save


def assert_loads(folder: Path, model: torch.nn.Module, steps: int) -> None:
    """The folder holds this model, and its facts have their current names."""
    loaded, _ = load_checkpoint(folder)
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
    facts = read_facts(folder)
    assert (facts["format"], facts["removed"], facts["steps"]) == ("tinygpt 2", 12, steps)
    assert TrainConfig(**facts["training"]) == TRAINING
    assert "left_out" not in facts


def test_a_checkpoint_of_the_first_format_is_read_under_the_current_names(save_format_1, build, tmp_path):
    save_format_1(tmp_path, 1)
    assert_loads(tmp_path, build(seed=1), 1)
    assert read_checkpoint(tmp_path).facts == read_facts(tmp_path)


def test_annotating_a_checkpoint_of_the_first_format_writes_the_current_one(save_format_1, build, tmp_path):
    save_format_1(tmp_path, 1)
    annotate_checkpoint(tmp_path, validation_loss=1.5)
    assert_loads(tmp_path, build(seed=1), 1)
    written = json.loads((tmp_path / CONFIG).read_text())
    assert written == read_facts(tmp_path)
    assert written["validation_loss"] == 1.5


def test_a_crash_in_a_save_of_the_first_format_left_a_whole_checkpoint(save_format_1, build, tokenizer, tmp_path):
    """Killed after the new weights were in place, and before the new config was."""
    folder = tmp_path / "saved"
    save_format_1(folder, 1)
    save_format_1(tmp_path / "next", 2)
    shutil.copy(tmp_path / "next" / WEIGHTS, folder / WEIGHTS)
    shutil.copy(tmp_path / "next" / CONFIG, folder / NEXT_CONFIG)
    assert_loads(folder, build(seed=2), 2)
    annotate_checkpoint(folder, validation_loss=1.5)
    assert_loads(folder, build(seed=2), 2)
    save_checkpoint(folder, build(seed=3), tokenizer, facts={"steps": 3})
    assert read_facts(folder)["steps"] == 3
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]


def test_a_checkpoint_of_the_first_format_is_checked_as_strictly(save_format_1, tmp_path):
    save_format_1(tmp_path, 1)
    reconfigure(tmp_path, left_out="many")
    assert_refused(tmp_path, "removed must be a whole number from 0 to .*, not 'many'", CONFIG)
    save_format_1(tmp_path, 1)
    reconfigure(tmp_path, training=[1])
    assert_refused(tmp_path, "training must be an object", CONFIG)


def test_a_later_format_is_refused(folder):
    reconfigure(folder, format="tinygpt 3")
    assert_refused(folder, 'lacks "format": "tinygpt 2"', CONFIG)


# Damaged or foreign configs


@pytest.mark.parametrize(
    "lie",
    [
        {"n_embd": 10**12},
        {"n_layer": -1},
        {"n_head": 3},
        {"n_embd": 16.0},
        {"n_layer": "2"},
        {"n_layer": None},
        {"block_size": 10**9},
        {"vocab_size": 10**9},
        {"n_layer": 200, "n_embd": 16_384},
        {"family": "bert"},
        {"color": "blue"},
    ],
    ids=str,
)
def test_a_config_of_a_model_that_cannot_be_is_refused(folder, lie):
    reconfigure(folder, model=read_facts(folder)["model"] | lie)
    assert_refused(folder, "describes no model that can be built", CONFIG)


def test_a_config_that_lies_about_the_size_allocates_nothing(folder):
    resource = pytest.importorskip("resource", reason="Windows does not tell how much memory was used")
    huge = {"n_embd": 8192, "n_layer": 1}  # 800 million parameters, 3 GB
    reconfigure(folder, model=read_facts(folder)["model"] | huge)
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    assert_refused(folder, "shape|lacks")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < 200_000_000


@pytest.mark.parametrize("vocabulary", ["abc", "", None, 5, ["a"]], ids=repr)
def test_a_vocabulary_of_another_length_is_refused(folder, vocabulary):
    reconfigure(folder, vocabulary=vocabulary)
    assert_refused(folder, "vocabulary must be 48 different characters", CONFIG)


def test_a_vocabulary_out_of_order_or_with_repeats_is_refused(folder, tokenizer):
    characters = tokenizer.vocabulary
    for wrong in (characters[::-1], characters[0] + characters[:-1]):
        reconfigure(folder, vocabulary=wrong)
        assert_refused(folder, "different characters in order", CONFIG)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b'{"format": "tinygpt 1"', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1]", 'lacks "format"'),
        (b'{"model_type": "llama"}', 'lacks "format"'),
        (b'{"steps": ' + b"1" * 5000 + b"}", "is not JSON"),
        (b" " * 10_000_001, "too large"),
    ],
    ids=["empty", "html", "cut", "utf-16", "deep", "list", "another", "digits", "large"],
)
def test_another_kind_of_config_is_refused(folder, content, complaint):
    (folder / CONFIG).write_bytes(content)
    assert_refused(folder, complaint, CONFIG)


def test_a_config_without_a_model_or_a_vocabulary_is_refused(folder):
    reconfigure(folder, model=None)
    assert_refused(folder, "describes no model", CONFIG)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"validation_loss": 10**4000}, "validation_loss must be a number"),
        ({"validation_loss": "low"}, "validation_loss must be a number"),
        ({"seconds": -1}, "seconds must be a number"),
        ({"steps": 10**4000}, "steps must be a whole number"),
        ({"steps": True}, "steps must be a whole number"),
        ({"preset": "x" * 201}, "preset must be a text of at most 200 characters"),
        ({"preset": "a\n\n# b"}, "preset must be printable"),
        ({"teachers_sha256": ["\u202e"]}, "teachers_sha256 must be printable"),
        ({"device": {}}, "device must be a text"),
        ({"training": {"ema_decay": "x"}}, "ema_decay must be a number"),
        ({"training": {"batch_size": [4]}}, "batch_size must be a whole number"),
        ({"teachers_sha256": [1]}, "teachers_sha256 must be a text"),
        ({"teachers_sha256": {}}, "teachers_sha256 must be a list"),
        ({"machines": "a"}, "machines must be a list"),
        ({"machines": ["a\n# b"]}, "machines must be printable"),
        ({"model": [1]}, "settings must be a JSON object"),
        ({"model": {"a\nb": 1}}, r"there is no setting 'a\\nb'"),
        ({"model": {"x" * 10**6: 1}}, "there is no setting 'xxx"),
        ({"preset": "\ud800"}, "surrogates not allowed"),
        ({"anything": ["\udcff"]}, "surrogates not allowed"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_fact_out_of_its_bounds_is_refused_by_name(folder, changes, named):
    reconfigure(folder, **changes)
    assert_refused(folder, named, CONFIG)


def test_a_loss_that_is_not_finite_counts_as_never_measured(folder):
    for loss in (float("nan"), float("inf")):
        reconfigure(folder, validation_loss=loss)
        assert "validation_loss" not in read_checkpoint(folder).facts


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=5,
)
NAMES = ["format", "model", "vocabulary", "training", "steps", "validation_loss", "preset", "teachers_sha256", "other"]


def refusal(read: Callable[[], object]) -> ValueError | None:
    """The error with which it refuses; None if it does not."""
    try:
        read()
    except ValueError as error:
        return error
    return None


@pytest.fixture(scope="module")
def reconfigured(weights, tmp_path_factory) -> Path:
    """A copy of a saved tiny model whose config.json is replaced over and over."""
    return Path(shutil.copytree(weights, tmp_path_factory.mktemp("any") / "saved"))


@given(changes=st.dictionaries(st.sampled_from(NAMES), JSON, min_size=1, max_size=3))
def test_any_json_as_a_fact_loads_or_is_refused_in_one_line_by_its_name(weights, reconfigured, changes):
    (reconfigured / CONFIG).write_text(json.dumps(json.loads((weights / CONFIG).read_text()) | changes))
    error = refusal(lambda: json.dumps(read_checkpoint(reconfigured).facts, ensure_ascii=False).encode())
    if error:
        assert re.match(rf"{re.escape(str(reconfigured / CONFIG))}.*({'|'.join(changes)}|surrogates)", str(error))
        assert len(str(error).splitlines()) == 1


@given(content=JSON.map(json.dumps) | st.text())
def test_any_text_as_a_config_is_refused_in_one_line(reconfigured, content):
    (reconfigured / CONFIG).write_bytes(content.encode(errors="surrogatepass"))
    with pytest.raises(ValueError, match=rf"^{re.escape(str(reconfigured / CONFIG))} is not [^\n]*$"):
        read_checkpoint(reconfigured)
