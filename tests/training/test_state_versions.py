"""training/state.py: what other versions of tinygpt have saved is resumed, or refused in one line."""

import pytest

from tests.runs import finished, resumed
from tinygpt.checkpoint.reading import read_facts
from tinygpt.checkpoint.torch_checkpoint import load_tensors, save_tensors
from tinygpt.training.state import STATE, read_state, saved_run, write_state


def test_a_state_without_what_later_versions_added_is_resumed_and_its_machine_is_called_unknown(train, tmp_path):
    here = finished(train(tmp_path), steps=2).machines
    tensors, facts = read_state(tmp_path)
    del facts["training"]["ngram_weight"]
    write_state(tmp_path, tensors, {name: fact for name, fact in facts.items() if name not in ("machines", "format")})
    resumed(train(tmp_path))
    assert read_facts(tmp_path)["machines"] == ["an unknown machine", *here]


# The facts of a training state had these names before it had a format mark.
OLD_FACTS = {
    "recipe": {"max_iters": 6, "average_decay": 0.9, "muon_steps": 5, "teacher_share": 0.0},
    "text, by its sha256": "0" * 64,
    "preset": "tiny",
    "precision": "float32",
    "step": 2,
}


OTHERS = [OLD_FACTS, {"preset": "tiny"}, {"format": "tinygpt training state 1"}, ["format"], None]


def test_a_state_with_a_setting_of_a_later_version_is_refused_in_one_line(train, tmp_path):
    finished(train(tmp_path), steps=2)
    tensors, facts = read_state(tmp_path)
    facts["training"]["dropconnect"] = 0.1
    write_state(tmp_path, tensors, facts)
    for read in (train(tmp_path).resume, lambda: saved_run(tmp_path)):
        with pytest.raises(
            ValueError, match="by a later version of tinygpt, which has the setting 'dropconnect': resume"
        ):
            read()


def test_a_state_of_another_version_and_another_kind_of_file_are_refused_in_one_line(train, tmp_path):
    tensors, _ = load_tensors(finished(train(tmp_path)).folder / STATE)
    for facts in OTHERS:
        save_tensors(tmp_path / STATE, tensors, facts)
        for read in (train(tmp_path).resume, lambda: saved_run(tmp_path)):
            with pytest.raises(ValueError, match="another version of tinygpt") as caught:
                read()
            assert str(caught.value) == (
                f"{tmp_path / STATE} is another kind of file, or was written by another version of tinygpt: "
                "start a new run in another folder"
            )
