"""Pushing a checkpoint to the Hub."""

import json

import pytest
import torch
from checkpoints import PUBLISHED, contents, hurried, logits, push_private, refusal, save, with_token

from tinygpt import hub


def test_what_was_pushed_is_pulled_with_the_same_logits(far, here, repo, folder):
    assert far(hub.push, folder, repo) == f"{here.url}/{repo}"
    pulled = far(hub.find_weights, repo)
    assert torch.equal(logits(pulled), logits(folder))
    assert here.large.keys() >= {json.loads((folder / "config.json").read_text())["weights_sha256"]}


def test_the_published_files_go_up_and_nothing_else(far, here, repo, folder):
    before = contents(folder)
    far(hub.push, folder, repo)
    files = here.repos[repo].files()
    assert files.keys() - {".gitattributes"} == PUBLISHED
    assert files["metrics.jsonl"] == before["metrics.jsonl"]
    assert json.loads(files["config.json"]) == json.loads(before["config.json"])
    assert len(here.repos[repo].commits) == 2  # the one it began with, and one for all files
    assert contents(folder) == before


def test_without_metrics_the_rest_goes_up_and_comes_down(far, here, repo, folder):
    (folder / "metrics.jsonl").unlink()
    far(hub.push, folder, repo)
    assert here.repos[repo].files().keys() - {".gitattributes"} == PUBLISHED - {"metrics.jsonl"}
    assert {path.name for path in far(hub.find_weights, repo).iterdir()} == PUBLISHED - {"metrics.jsonl"}


def test_a_card_is_made_with_the_name_of_the_repo(far, here, repo, folder):
    far(hub.push, folder, repo)
    assert f"--weights {repo}" in here.repos[repo].files()["README.md"].decode()


def test_ones_own_card_is_kept(far, here, repo, folder):
    (folder / "README.md").write_text("---\nlicense: mit\n---\nMine.\n")
    far(hub.push, folder, repo)
    assert here.repos[repo].files()["README.md"].endswith(b"Mine.\n")


def test_a_card_that_the_hub_refuses_is_named(far, repo, folder):
    (folder / "README.md").write_text("---\ntags: shakespeare\n---\nMine.\n")
    assert "README.md" in refusal(ValueError, far, hub.push, folder, repo)


def test_the_second_push_replaces_the_first(far, here, repo, folder):
    far(hub.push, folder, repo)
    save(folder, seed=2)
    far(hub.push, folder, repo)
    assert here.repos[repo].files()["model.safetensors"] == (folder / "model.safetensors").read_bytes()
    assert torch.equal(logits(far(hub.find_weights, repo)), logits(folder))


def test_pushing_the_same_again_is_fine_and_changes_nothing(far, here, repo, folder):
    far(hub.push, folder, repo)
    commits = list(here.repos[repo].commits)
    assert far(hub.push, folder, repo) == f"{here.url}/{repo}"
    assert list(here.repos[repo].commits) == commits


@pytest.mark.parametrize("private", [False, True])
def test_a_repo_is_as_private_as_asked_for(far, here, repo, folder, private):
    far(push_private if private else hub.push, folder, repo)
    assert here.repos[repo].private == private


def test_after_a_crash_in_a_save_the_config_that_counts_goes_up(far, repo, folder):
    old = (folder / "config.json").read_bytes()
    save(folder, seed=3)
    (folder / "config.json").rename(folder / "config.next.json")
    (folder / "config.json").write_bytes(old)
    far(hub.push, folder, repo)
    assert torch.equal(logits(far(hub.find_weights, repo)), logits(folder))


@pytest.mark.parametrize(
    "repo_id",
    ["", "name", "ann/", "/name", "ann/a/b", "ann/a b", "ann/é", "-ann/a", "ann/a--b", "ann/a.git", "../a"],
)
def test_an_id_that_is_none_is_refused_without_asking_the_hub(far, here, folder, repo_id):
    message = refusal(ValueError, far, hub.push, folder, repo_id)
    assert repr(repo_id) in message
    assert "user/name" in message
    assert here.requests == []


def test_a_broken_checkpoint_is_never_uploaded(far, here, repo, folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert "is not the file that config.json describes" in refusal(ValueError, far, hub.push, folder, repo)
    refusal(FileNotFoundError, far, hub.push, folder.parent, repo)
    assert here.requests == []


def test_weights_that_would_not_load_are_never_uploaded(far, here, repo, folder):
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"n_layer": 1', '"n_layer": 2'))
    assert "lacks" in refusal(ValueError, far, hub.push, folder, repo)
    assert here.requests == []


@pytest.mark.parametrize("exists", [False, True])
def test_without_a_login_it_says_how_to_log_in(far, repo, folder, exists):
    if exists:
        far(hub.push, folder, repo)
        save(folder, seed=4)
    before = contents(folder)
    message = refusal(PermissionError, far, with_token, "hf_wrong", hub.push, folder, repo)
    assert "hf auth login" in message
    assert "HF_TOKEN" in message
    assert contents(folder) == before


def test_the_repo_of_another_user_is_refused(far, folder):
    assert "may not write to bob/gpt" in refusal(PermissionError, far, hub.push, folder, "bob/gpt")


@pytest.mark.parametrize("at", ["/api/repos/create", "PUT /lfs/", "/commit/main"])
def test_a_hub_that_stalls_is_given_up(far, here, repo, folder, at):
    here.stalls_at, before = (at,), contents(folder)
    message = refusal(TimeoutError, far, hurried, hub.push, folder, repo)
    assert "1 seconds" in message
    assert "try again" in message
    assert contents(folder) == before
    assert any(at in request for request in here.requests)
