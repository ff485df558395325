"""Pushing a checkpoint to the Hub."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest
import torch
from huggingface_hub import constants

from tests.hub.calls import messages, push_private, push_with_index, push_with_space, with_token
from tests.hub.checkpoints import PUSHED, ROOT, contents, logits, refusal, save
from tests.runs import TINY, TRAIN
from tinygpt.hub.prepare import prepare
from tinygpt.hub.pull import find_weights
from tinygpt.hub.push import push
from tinygpt.inference.sample import Sample
from tinygpt.request import GenerationRequest


def sha256(folder):
    return json.loads((folder / "config.json").read_text())["weights_sha256"]


ODD_NAME = 'my "best" $HOME\'s run'


def test_a_pushed_checkpoint_is_pulled_with_the_same_logits(call, hub, repo, folder):
    assert call(push, folder, repo) == f"{hub.url}/{repo}"
    pulled = call(find_weights, repo)
    assert torch.equal(logits(pulled), logits(folder))
    assert hub.large.keys() >= {json.loads((folder / "config.json").read_text())["weights_sha256"]}


def test_the_files_of_a_checkpoint_are_uploaded_and_nothing_else(call, hub, repo, folder):
    before = contents(folder)
    call(push, folder, repo)
    files = hub.repos[repo].files()
    assert files.keys() - {".gitattributes"} == PUSHED
    assert files["metrics.jsonl"] == before["metrics.jsonl"]
    assert json.loads(files["config.json"]) == json.loads(before["config.json"])
    assert len(hub.repos[repo].commits) == 2  # the initial one, and one for all files
    assert contents(folder) == before


def test_snapshots_and_the_sample_are_pushed_and_those_that_do_not_load_are_not(call, hub, repo, folder):
    for step in (19, 156):
        save(folder / "history" / f"step-{step:06}", seed=step)
    (folder / "history" / "step-000019" / "model.safetensors").write_bytes(b"cut")
    sample = Sample(GenerationRequest(prompt="ROMEO:", length=2, seed=1), " a", sha256(folder))
    (folder / "sample.json").write_bytes(sample.json())
    call(push, folder, repo)
    files = hub.repos[repo].files()
    snapshot = {"history/step-000156/config.json", "history/step-000156/model.safetensors"}
    assert files.keys() - {".gitattributes"} == PUSHED | snapshot
    assert files["sample.json"] == sample.json()
    assert "ROMEO: a" in files["README.md"].decode()
    assert len(hub.repos[repo].commits) == 2


def test_a_sample_of_other_weights_is_written_anew(call, hub, repo, folder):
    sample = Sample(GenerationRequest(prompt="ROMEO:", length=2, seed=1), " a", "0" * 64)
    (folder / "sample.json").write_bytes(sample.json())
    call(push, folder, repo)
    files = hub.repos[repo].files()
    assert json.loads(files["sample.json"])["weights_sha256"] == sha256(folder)
    assert "ROMEO: a" not in files["README.md"].decode()


def test_the_card_of_a_prepared_folder_names_the_repository_once_it_is_pushed(call, hub, repo, folder):
    prepare(folder, folder.with_name("out"))
    assert "--weights out" in (folder.with_name("out") / "README.md").read_text("utf-8")
    call(push_with_space, folder.with_name("out"), repo)
    card = hub.repos[repo].files()["README.md"].decode()
    assert f"--weights {repo}" in card
    assert "--weights out" not in card
    assert "https://huggingface.co/spaces/ann/demo" in card
    assert "sample.json" in hub.repos[repo].files()


def test_a_dry_run_lists_the_files_and_needs_neither_the_hub_nor_a_login(called, hub, folder, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    (folder / "memorization.npy").write_bytes(b"the training text can be read out of this")
    listed = called("tinygpt.hub", "push", folder, "ann/gpt", "--dry-run")
    assert (listed.returncode, listed.stderr) == (0, "")
    rows = [line.split() for line in listed.stdout.splitlines()]
    assert {row[2] for row in rows[:-3]} == PUSHED
    weights = (folder / "model.safetensors").read_bytes()
    assert [f"{len(weights):,}", sha256(folder), "model.safetensors"] in rows
    assert "Left out: memorization.npy" in listed.stdout
    assert listed.stdout.endswith("Nothing was uploaded to ann/gpt\n")
    assert "memorization.npy" in called("tinygpt.hub", "push", folder, "ann/gpt", "--dry-run", "--with-index").stdout
    assert not any("ann/gpt" in request for request in hub.requests)


def test_the_command_pushes_and_says_where_to(called, hub, server, repo, folder, monkeypatch):
    for name, value in {"ENDPOINT": server.url, "HF_HUB_OFFLINE": False, "HF_HUB_DISABLE_XET": True}.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("HF_TOKEN", "hf_fake")
    pushed = called("tinygpt.hub", "push", folder, repo, "--private")
    assert pushed.stdout == f"Pushed to {server.url}/{repo}\n"
    assert hub.repos[repo].private
    refused = called("tinygpt.hub", "push", folder, "bob/gpt")
    assert refused.returncode == 1
    assert refused.stderr.startswith("tinygpt.hub: you may not write to bob/gpt")
    assert refused.stderr.count("\n") == 1
    assert "valid name" in called("tinygpt.hub", "push", folder, "bob").stderr
    assert "valid name" in called("tinygpt.hub", "push", folder, "ann/a", "--space", "bob", "--dry-run").stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one process")
def test_ctrl_c_ends_a_push_with_one_line_and_leaves_the_repository_as_it_was(hub, repo, folder, environment):
    hub.stalls_at = ("/commit/main",)
    command = [sys.executable, "-m", "tinygpt.hub", "push", str(folder), repo]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert hub.stalled.wait(60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "tinygpt.hub: interrupted; run it again to complete it"
    assert "Traceback" not in err
    assert hub.repos[repo].files().keys() == {".gitattributes"}


def test_a_checkpoint_without_metrics_is_pushed_and_pulled(call, hub, repo, folder):
    (folder / "metrics.jsonl").unlink()
    call(push, folder, repo)
    assert hub.repos[repo].files().keys() - {".gitattributes"} == PUSHED - {"metrics.jsonl"}
    assert {path.name for path in call(find_weights, repo).iterdir()} == PUSHED - {"metrics.jsonl"}


def test_an_existing_card_is_uploaded_as_it_is(call, hub, repo, folder):
    (folder / "README.md").write_text("---\nlicense: mit\n---\nMine.\n")
    call(push, folder, repo)
    assert hub.repos[repo].files()["README.md"].endswith(b"Mine.\n")


def test_an_error_names_a_card_that_the_hub_rejects(call, repo, folder):
    (folder / "README.md").write_text("---\ntags: shakespeare\n---\nMine.\n")
    assert "README.md" in refusal(ValueError, call, push, folder, repo)


@pytest.mark.parametrize("index", ["memorization.npy", "memorised.npy"])
def test_the_index_of_the_training_text_is_pushed_only_on_request_and_with_a_warning(call, hub, repo, folder, index):
    (folder / index).write_bytes(b"the training text can be read out of this")
    call(push, folder, repo)
    files = hub.repos[repo].files()
    assert files.keys() - {".gitattributes"} == PUSHED
    assert "recovered" not in files["README.md"].decode()
    call(push_with_index, folder, repo)
    files = hub.repos[repo].files()
    assert files.keys() - {".gitattributes"} == PUSHED | {index}
    assert "training text can be recovered from `memorization.npy`" in files["README.md"].decode()


def test_the_flag_that_pushes_the_index_says_what_that_means_and_needs_a_push(called):
    for flag in ("--with-index", "--private"):
        refused = called(ROOT / "train.py", flag, "--data", "nowhere.txt")  # or it would train
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"train.py: {flag} is of use only with --push-to-hub USER/NAME")
    help = " ".join(called(ROOT / "train.py", "--help").stdout.split())
    assert "memorization.npy too, from which the training text can be recovered" in help


@pytest.mark.skipif(os.name == "nt", reason="such a name is not allowed on Windows")
def test_the_printed_commands_work_as_they_are_and_the_flag_pushes_the_index_too(
    called, hub, server, repo, text_file, tmp_path, monkeypatch
):
    for name, value in {"ENDPOINT": server.url, "HF_HUB_OFFLINE": False, "HF_HUB_DISABLE_XET": True}.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("HF_TOKEN", "hf_fake")
    folder = tmp_path / ODD_NAME
    flags = ("--max-iters", 2, "--eval-interval", 2, "--data", text_file, "--out", folder)
    hub.status = 400
    refused = called(TRAIN, *TINY, *flags, "--push-to-hub", repo, "--private", "--with-index")
    assert refused.returncode == 1
    [to_open] = re.findall(r"To open them: (.*)", refused.stdout)
    assert shlex.split(to_open) == ["python", "app.py", "--weights", str(folder)]
    [again] = re.findall(r"to try again: (.*)", refused.stdout)
    hub.heal()
    (folder / "memorization.npy").write_bytes(b"the training text can be read out of this")
    for command, index in ((again.removesuffix(" --with-index"), set()), (again, {"memorization.npy"})):
        python, _, *flags = shlex.split(command)
        pushed = called(TRAIN, *flags)
        assert (python, pushed.returncode) == ("python", 0), pushed.stderr
        assert f"Pushed to {server.url}/{repo}\n" in pushed.stdout
        assert hub.repos[repo].private
        assert hub.repos[repo].files().keys() - {".gitattributes"} == PUSHED | index


@pytest.mark.parametrize(
    ("token", "spell"),
    [("hf_SECRET", str), ("hf_SECRET and\ta SECRET", str), ("hf_SECRET\x07", ascii), ("hf_SECRETé", str)],
    ids=range(4),
)
@pytest.mark.parametrize("status", [400, 401])
def test_no_token_is_in_a_message_or_a_log(call, hub, repo, folder, token, spell, status):
    hub.status, hub.echoes = status, spell
    for function, *args in ((push, folder, repo), (find_weights, repo)):
        message, printed, logged = call(with_token, token, messages, function, *args)
        assert "SECRET" not in message + printed + logged
        assert token.isascii() or "not a token" in message


def test_the_second_push_replaces_the_first_and_keeps_what_the_owner_added(call, hub, repo, folder):
    save(folder / "history" / "step-000001", seed=1)
    (folder / "memorization.npy").write_bytes(b"the first training text can be read out of this")
    call(push_with_index, folder, repo)
    hub.repos[repo].commit({"picture.png": b"mine", "history/notes.txt": b"mine"})
    commits = len(hub.repos[repo].commits)
    shutil.rmtree(folder / "history")
    save(folder, seed=2)
    save(folder / "history" / "step-000002", seed=2)
    call(push, folder, repo)
    files = hub.repos[repo].files()
    snapshot = {"history/step-000002/config.json", "history/step-000002/model.safetensors"}
    assert files.keys() - {".gitattributes"} == PUSHED | snapshot | {"picture.png", "history/notes.txt"}
    assert len(hub.repos[repo].commits) == commits + 1
    assert files["model.safetensors"] == (folder / "model.safetensors").read_bytes()
    assert torch.equal(logits(call(find_weights, repo)), logits(folder))


def test_a_push_does_not_undo_what_somebody_else_commits_meanwhile(call, hub, repo, folder):
    call(push, folder, repo)
    save(folder, seed=2)
    hub.before_commit = lambda other: other.commit({"README.md": b"Mine."})
    assert "changed it meanwhile; try again" in refusal(ConnectionError, call, push, folder, repo)
    assert hub.repos[repo].files()["README.md"] == b"Mine."
    assert hub.repos[repo].files()["model.safetensors"] != (folder / "model.safetensors").read_bytes()


def test_pushing_the_same_again_changes_nothing(call, hub, repo, folder):
    call(push, folder, repo)
    commits = list(hub.repos[repo].commits)
    assert call(push, folder, repo) == f"{hub.url}/{repo}"
    assert list(hub.repos[repo].commits) == commits


@pytest.mark.parametrize("private", [False, True])
def test_a_created_repository_is_private_only_if_requested(call, hub, repo, folder, private):
    call(push_private if private else push, folder, repo)
    assert hub.repos[repo].private == private


def test_after_a_crash_during_a_save_the_valid_config_is_uploaded(call, repo, folder):
    old = (folder / "config.json").read_bytes()
    save(folder, seed=3)
    (folder / "config.json").rename(folder / "config.next.json")
    (folder / "config.json").write_bytes(old)
    call(push, folder, repo)
    assert torch.equal(logits(call(find_weights, repo)), logits(folder))


@pytest.mark.parametrize(
    "repo_id",
    ["", "name", "ann/", "/name", "ann/a/b", "ann/a b", "ann/é", "-ann/a", "ann/a--b", "ann/a.git", "../a"],
)
def test_a_malformed_id_is_refused_without_asking_the_hub(call, hub, folder, repo_id):
    message = refusal(ValueError, call, push, folder, repo_id)
    assert repr(repo_id) in message
    assert "user/name" in message
    assert hub.requests == []


def test_a_broken_checkpoint_is_never_uploaded(call, hub, repo, folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert "is not the file that config.json describes" in refusal(ValueError, call, push, folder, repo)
    refusal(FileNotFoundError, call, push, folder.parent, repo)
    assert hub.requests == []


def test_a_checkpoint_that_does_not_load_is_never_uploaded(call, hub, repo, folder):
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"n_layer": 1', '"n_layer": 2'))
    assert "lacks" in refusal(ValueError, call, push, folder, repo)
    assert hub.requests == []


@pytest.mark.parametrize("exists", [False, True])
def test_the_error_without_a_login_says_how_to_log_in(call, repo, folder, exists):
    if exists:
        call(push, folder, repo)
        save(folder, seed=4)
    before = contents(folder)
    message = refusal(PermissionError, call, with_token, "hf_wrong", push, folder, repo)
    assert "hf auth login" in message
    assert "HF_TOKEN" in message
    assert contents(folder) == before


def test_the_repo_of_another_user_is_refused(call, folder):
    assert "may not write to bob/gpt" in refusal(PermissionError, call, push, folder, "bob/gpt")
