"""Making a finished run a folder to publish."""

import json
import os
import re
import shlex
import shutil

import pytest

from tests.disks import files_of_at_most
from tests.hub.checkpoints import PUSHED, refusal, save
from tinygpt import open_checkpoint
from tinygpt.checkpoint.reading import read_facts
from tinygpt.flags import SHIPPED
from tinygpt.hub.prepare import prepare
from tinygpt.inference.sample import read_sample, write_sample
from tinygpt.request import GenerationRequest


@pytest.fixture
def run_folder(folder):
    """The folder of a run with snapshots and an index."""
    for step in (19, 156):
        save(folder / "history" / f"step-{step:06}", seed=step)
        (folder / "history" / f"step-{step:06}" / "notes.txt").write_text("private")
    (folder / "memorization.npy").write_bytes(b"the training text can be read out of this")
    (folder / "text.txt").write_text("the training text")
    (folder / ".lock").touch()
    return folder


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def snapshot_files(*steps):
    return {f"history/step-{step:06}/{name}" for step in steps for name in ("config.json", "model.safetensors")}


def test_a_prepared_folder_holds_what_is_published_and_nothing_private(run_folder, tmp_path):
    before = names(run_folder)
    prepare(run_folder, tmp_path / "out")
    assert names(tmp_path / "out") == PUSHED | snapshot_files(19, 156)
    for name in ("model.safetensors", "config.json", "metrics.jsonl", "history/step-000019/model.safetensors"):
        assert (tmp_path / "out" / name).read_bytes() == (run_folder / name).read_bytes()
    assert names(run_folder) == before
    prepare(run_folder, tmp_path / "with index", with_index=True)
    assert names(tmp_path / "with index") == PUSHED | snapshot_files(19, 156) | {"memorization.npy"}
    assert "recovered from `memorization.npy`" in (tmp_path / "with index" / "README.md").read_text("utf-8")


def test_the_shipped_weights_are_a_prepared_folder(tmp_path):
    prepare(SHIPPED, tmp_path / "weights", with_index=True)
    for name in names(SHIPPED):
        assert (tmp_path / "weights" / name).read_bytes() == (SHIPPED / name).read_bytes()
    assert names(tmp_path / "weights") == names(SHIPPED)


def test_the_command_prints_what_is_quoted_of_the_weights_and_how_to_go_on(called, run_folder, tmp_path):
    out = tmp_path / "out"
    done = called("tinygpt.hub", "prepare", run_folder, out, "--prompt", r"ROMEO:\n", "--seed", 7, "--length", 60)
    assert (done.returncode, done.stderr) == (0, "")
    sample = read_sample(out)
    assert (sample.request.prompt, sample.request.seed) == ("ROMEO:\n", 7)
    for text in (sample.text, read_facts(out)["weights_sha256"], "not measured", "4,000 steps", "not recorded"):
        assert text in done.stdout
    assert done.stdout.endswith("USER/NAME\n")


@pytest.mark.parametrize("name", ["README.md", "notes/private.txt"])
def test_a_folder_that_holds_files_is_refused(run_folder, tmp_path, name):
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("Mine.")
    assert "is not an empty folder" in refusal(FileExistsError, prepare, run_folder, tmp_path / "out")
    assert path.read_text() == "Mine."
    assert "is not an empty folder" in refusal(FileExistsError, prepare, run_folder, run_folder / "config.json")


def test_an_empty_folder_is_taken(run_folder, tmp_path):
    (tmp_path / "out").mkdir()
    prepare(run_folder, tmp_path / "out")
    assert names(tmp_path / "out") >= PUSHED


def test_a_folder_is_prepared_in_place_unless_it_holds_private_files(run_folder, tmp_path):
    message = refusal(FileExistsError, prepare, run_folder, run_folder)
    assert ".lock" in message
    assert "another folder" in message
    assert not (run_folder / "sample.json").exists()
    prepare(run_folder, tmp_path / "out")
    before = contents_of(tmp_path / "out")
    (tmp_path / "out" / "sample.json").unlink()
    (tmp_path / "out" / "README.md").unlink()
    prepare(tmp_path / "out", tmp_path / "out")
    assert contents_of(tmp_path / "out") == before


def contents_of(folder):
    return {name: (folder / name).read_bytes() for name in names(folder)}


def test_a_snapshot_that_is_damaged_is_left_out_and_that_is_said(run_folder, tmp_path, caplog):
    damaged = run_folder / "history" / "step-000019" / "model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    shutil.copytree(run_folder / "history" / "step-000156", run_folder / "history" / "another name")
    prepare(run_folder, tmp_path / "out")
    assert names(tmp_path / "out") == PUSHED | snapshot_files(156)
    assert "step-000019" in caplog.text


def test_a_card_that_somebody_wrote_is_kept_and_a_generated_one_is_renewed(run_folder, tmp_path):
    (run_folder / "README.md").write_text("Mine.")
    prepare(run_folder, tmp_path / "first")
    assert (tmp_path / "first" / "README.md").read_text() == "Mine."
    (run_folder / "README.md").unlink()
    prepare(run_folder, tmp_path / "second")
    config = tmp_path / "second" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"validation_loss": 1.2345}))  # measured afterwards
    prepare(tmp_path / "second", tmp_path / "third", {"seed": 3})
    card = (tmp_path / "third" / "README.md").read_text("utf-8")
    assert "**1.2345 nats**" in card
    assert "--seed 3`" in card
    assert "--weights second" not in card


@pytest.mark.skipif(os.name == "nt", reason="commands are quoted in another way there")
def test_a_card_has_two_samples_with_the_commands_that_write_them_again(run_folder, tmp_path):
    first = prepare(run_folder, tmp_path / "out", {"length": 60})
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    texts, commands = re.findall(r"```text\n(.*?)\n```", card, re.DOTALL), re.findall(r"Written by `(.*)`\.", card)
    assert len(texts) == len(commands) == 2
    assert first.command("out") == commands[0]
    flags = shlex.split(commands[1])
    given = dict(zip(flags[3::2], flags[4::2], strict=True))
    assert (given["--prompt"], given["--temperature"]) == (first.request.prompt, "1.0")
    length, seed = int(given["--length"]), int(given["--seed"])
    engine, tokenizer = open_checkpoint(tmp_path / "out")
    request = GenerationRequest(prompt=first.request.prompt, length=length, temperature=1.0, seed=seed)
    again = write_sample(engine, tokenizer, request, first.weights_sha256)
    assert texts[1] == (again.request.prompt + again.text).strip("\n")
    assert len(read_sample(tmp_path / "out").text) <= 60


def test_a_sample_is_kept_while_it_is_one_of_the_weights(run_folder, tmp_path):
    sample = prepare(run_folder, tmp_path / "out", {"seed": 3})
    assert prepare(tmp_path / "out", tmp_path / "out") == sample
    assert prepare(tmp_path / "out", tmp_path / "out", {"seed": 4}).request.seed == 4
    save(tmp_path / "out", seed=99)
    renewed = prepare(tmp_path / "out", tmp_path / "out")
    assert renewed.weights_sha256 == read_facts(tmp_path / "out")["weights_sha256"] != sample.weights_sha256


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b'{"request": 1, "text": "", "weights_sha256": ""}', b"\xff"])
def test_a_sample_that_is_none_is_refused_with_the_remedy(run_folder, tmp_path, damage):
    (run_folder / "sample.json").write_bytes(damage)
    assert "remove it" in refusal(ValueError, prepare, run_folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_no_folder(run_folder, tmp_path):
    with files_of_at_most(5000):
        message = refusal(OSError, prepare, run_folder, tmp_path / "out")
    assert "could not be written" in message
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_checkpoint_that_does_not_load_and_a_field_out_of_bounds_are_refused(called, run_folder, tmp_path):
    nothing = called("tinygpt.hub", "prepare", tmp_path / "nowhere", tmp_path / "out")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
    assert "does not exist" in nothing.stderr
    wild = called("tinygpt.hub", "prepare", run_folder, tmp_path / "out", "--temperature", "3")
    assert (wild.returncode, wild.stderr.count("\n")) == (1, 1)
    assert "--temperature must be" in wild.stderr
    config = run_folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"weights_sha256": "0" * 64}))
    assert "is not the file that config.json describes" in refusal(ValueError, prepare, run_folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
