"""Finding weights: here, on the Hub, or in the cache of an earlier download."""

import re
import time

import pytest
import torch
from checkpoints import (
    PUBLISHED,
    TEXT,
    contents,
    follow,
    hurried,
    logits,
    python,
    refusal,
    save,
    with_cache,
    with_endpoint,
)

from tinygpt import hub, load_checkpoint
from tinygpt.card import model_card


def test_a_local_folder_comes_first_and_needs_no_library(here, repo, tmp_path, environment):
    (tmp_path / repo).mkdir(parents=True)
    script = "import os, sys; from tinygpt.hub import find_weights; os.chdir(sys.argv[1]);"
    script += "print(find_weights(sys.argv[2]), 'huggingface_hub' in sys.modules)"
    assert python("-c", script, str(tmp_path), repo, **environment).stdout == f"{repo} False\n"
    assert here.requests == []


def test_only_published_files_are_fetched(far, here, repo, folder):
    far(hub.push, folder, repo)
    here.repos[repo].commit({"pytorch_model.bin": b"large and unsafe"})
    pulled = far(hub.find_weights, repo)
    assert {path.name for path in pulled.iterdir()} == PUBLISHED


def test_what_is_cached_is_not_fetched_again(far, here, repo, folder):
    far(hub.push, folder, repo)
    first = far(hub.find_weights, repo)
    here.requests.clear()
    assert far(hub.find_weights, repo) == first
    assert not any("/resolve/" in path for path in here.asked("GET"))


def test_an_older_revision_can_be_named(far, here, repo, folder):
    far(hub.push, folder, repo)
    old, revision = logits(folder), here.repos[repo].branches["main"]
    save(folder, seed=5)
    far(hub.push, folder, repo)
    assert torch.equal(logits(far(hub.find_weights, f"{repo}@{revision}")), old)
    assert not torch.equal(logits(far(hub.find_weights, f"{repo}@main")), old)


@pytest.mark.parametrize("source", ["nowhere", "ann/a/b", "ann/a b", "ann/a--b", "ann/a@", "/no/folder", "ann/"])
def test_what_can_be_neither_is_refused_without_asking_the_hub(far, here, source):
    message = refusal(FileNotFoundError, far, hub.find_weights, source)
    assert source in message
    assert "neither a folder here nor a model on the Hub" in message
    assert here.requests == []


def test_a_model_that_is_not_there_is_named(far, repo):
    message = refusal(FileNotFoundError, far, hub.find_weights, repo)
    assert f"{repo} is neither a folder here nor a model on the Hub" in message


def test_a_revision_that_is_not_there_is_named(far, repo, folder):
    far(hub.push, folder, repo)
    assert f"{repo}@v2" in refusal(FileNotFoundError, far, hub.find_weights, f"{repo}@v2")


@pytest.mark.parametrize("status", [401, 403])
def test_a_private_model_says_how_to_log_in(far, here, repo, status):
    here.status = status
    message = refusal(PermissionError, far, hub.find_weights, repo)
    assert "hf auth login" in message
    assert "HF_TOKEN" in message


def test_another_kind_of_model_is_refused_before_its_weights_are_fetched(far, here, repo, folder):
    far(hub.push, folder, repo)
    here.repos[repo].commit({"config.json": b'{"model_type": "gpt2"}'})
    assert "no tinygpt checkpoint" in refusal(ValueError, far, hub.find_weights, repo)
    assert not any("model.safetensors" in request for request in here.requests if "resolve" in request)


def test_a_repo_without_weights_is_refused(far, here, repo, folder):
    far(hub.push, folder, repo)
    del here.repos[repo].files()["model.safetensors"]
    assert "lacks model.safetensors" in refusal(ValueError, far, hub.find_weights, repo)


def test_a_body_damaged_at_equal_length_is_never_loaded_and_later_made_good(far, here, repo, folder):
    far(hub.push, folder, repo)
    here.damages = "model.safetensors"
    pulled = far(hub.find_weights, repo)
    assert (pulled / "model.safetensors").stat().st_size == (folder / "model.safetensors").stat().st_size
    assert "is not the file that config.json describes" in refusal(ValueError, far, load_checkpoint, pulled)
    here.heal()
    assert torch.equal(logits(far(hub.find_weights, repo)), logits(folder))


def test_a_hub_in_trouble_is_made_up_for_by_the_cached_copy(far, here, repo, folder):
    far(hub.push, folder, repo)
    pulled = far(hub.find_weights, repo)
    here.status = 503
    assert far(hub.find_weights, repo) == pulled
    assert "503" in refusal(ConnectionError, far, hub.find_weights, "ann/never-fetched")


def test_a_model_that_was_made_private_is_not_served_from_the_cache(far, here, repo, folder):
    far(hub.push, folder, repo)
    far(hub.find_weights, repo)
    here.status = 401
    assert "hf auth login" in refusal(PermissionError, far, hub.find_weights, repo)


def test_a_cache_that_cannot_be_written_is_named(far, repo, folder):
    far(hub.push, folder, repo)
    message = refusal(OSError, far, with_cache, str(folder / "output.txt"), hub.find_weights, repo)
    assert str(folder / "output.txt") in message
    assert "connection" not in message


@pytest.mark.parametrize("at", ["GET /api/models/", "/resolve/"])
def test_a_hub_that_stalls_is_given_up_unless_a_copy_is_cached(far, here, repo, folder, at):
    far(hub.push, folder, repo)
    here.stalls_at = (at,)
    started = time.monotonic()
    message = refusal(ConnectionError if at.startswith("GET") else TimeoutError, far, hurried, hub.find_weights, repo)
    assert f"{repo} is no folder here" in message
    assert time.monotonic() - started < 10
    here.heal()
    pulled = far(hub.find_weights, repo)
    here.stalls_at = ("/",)
    assert far(hurried, hub.find_weights, repo) == pulled


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_until_a_newer_model_has_arrived_the_older_one_serves(far, here, repo, folder, name):
    far(hub.push, folder, repo)
    old = far(hub.find_weights, repo)
    save(folder, seed=7)
    far(hub.push, folder, repo)
    here.stalls_at = (f"{here.repos[repo].branches['main']}/{name}",)
    assert far(hurried, hub.find_weights, repo) == old
    here.heal()
    assert torch.equal(logits(far(hub.find_weights, repo)), logits(folder))
    assert not torch.equal(logits(old), logits(folder))


def test_offline_the_cached_copy_serves(far, repo, folder, offline):
    far(hub.push, folder, repo)
    pulled = far(hub.find_weights, repo)
    assert far(with_endpoint, offline, hub.find_weights, repo) == pulled


def test_offline_without_a_copy_the_terminal_says_in_one_line_what_is_wrong(environment, offline):
    started = time.monotonic()
    ended = python("-m", "tinygpt", "--weights", "ann/gpt", **environment | {"HF_ENDPOINT": offline})
    assert time.monotonic() - started < 20
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "ann/gpt is no folder here" in ended.stderr
    assert "check the connection" in ended.stderr


def test_offline_a_push_is_refused(far, repo, folder, offline):
    before = contents(folder)
    assert "check the connection" in refusal(ConnectionError, far, with_endpoint, offline, hub.push, folder, repo)
    assert contents(folder) == before


def test_a_program_that_gave_up_can_end(far, here, repo, folder, environment):
    far(hub.push, folder, repo)
    save(folder, seed=6)
    here.stalls_at = ("PUT /lfs/", "/model.safetensors")
    script = "import sys; from tinygpt import hub; hub.DEADLINE = 2.0\n"
    script += "for call in (lambda: hub.push(*sys.argv[1:]), lambda: hub.find_weights(sys.argv[2])):\n"
    script += "    try: call()\n    except TimeoutError as error: print(error)\n"
    started = time.monotonic()
    ended = python("-c", script, str(folder), repo, **environment)
    assert time.monotonic() - started < 20
    assert ended.stdout.count("took longer than 2 seconds") == 2
    assert ended.stderr == ""


def test_its_python_lines_open_the_model(far, repo, folder):
    far(hub.push, folder, repo)
    [snippet] = re.findall(r"```python\n(.*?)```", model_card({}, repo), re.DOTALL)
    assert far(follow, snippet) == "".join(sorted(set(TEXT)))
