"""Finding weights: in a local folder, on the Hub, or in the cache of an earlier download."""

import re
import time
from functools import partial

import pytest
import torch

from tests.hub import calls
from tests.hub.calls import with_cache, with_endpoint, with_short_answer_deadline, with_short_deadline
from tests.hub.checkpoints import PUSHED, TEXT, contents, logits, python, refusal, save
from tinygpt import load_checkpoint
from tinygpt.hub import loading
from tinygpt.hub.model_card import model_card
from tinygpt.hub.pull import find_weights
from tinygpt.hub.push import push


def test_a_local_folder_comes_first_and_needs_no_library(repo, tmp_path, environment):
    (tmp_path / repo).mkdir(parents=True)
    script = "import os, sys; from tinygpt.hub.pull import find_weights; os.chdir(sys.argv[1]);"
    script += "print(find_weights(sys.argv[2]), 'huggingface_hub' in sys.modules)"
    nowhere = environment | {"HF_ENDPOINT": "http://127.0.0.1:9"}
    assert python("-c", script, str(tmp_path), repo, **nowhere).stdout == f"{repo} False\n"


def test_only_the_files_of_a_checkpoint_are_downloaded(call, hub, repo, folder):
    call(push, folder, repo)
    hub.repos[repo].commit({"pytorch_model.bin": b"large and unsafe"})
    pulled = call(find_weights, repo)
    assert {path.name for path in pulled.iterdir()} == PUSHED


def test_a_memorization_index_is_pulled_by_its_old_name_too(call, hub, repo, folder):
    call(push, folder, repo)
    hub.repos[repo].commit({"memorised.npy": b"pushed by an older version"})
    assert (call(find_weights, repo) / "memorised.npy").read_bytes() == b"pushed by an older version"


def test_cached_files_are_not_downloaded_again(call, hub, repo, folder):
    call(push, folder, repo)
    first = call(find_weights, repo)
    hub.requests.clear()
    assert call(find_weights, repo) == first
    assert not any("/resolve/" in path for path in hub.paths("GET"))


def test_an_older_revision_can_be_named(call, hub, repo, folder):
    call(push, folder, repo)
    old, revision = logits(folder), hub.repos[repo].branches["main"]
    save(folder, seed=5)
    call(push, folder, repo)
    assert torch.equal(logits(call(find_weights, f"{repo}@{revision}")), old)
    assert not torch.equal(logits(call(find_weights, f"{repo}@main")), old)


@pytest.mark.parametrize("source", ["nowhere", "ann/a/b", "ann/a b", "ann/a--b", "ann/a@", "/no/folder", "ann/"])
def test_a_malformed_name_is_refused_without_asking_the_hub(call, hub, source):
    message = refusal(FileNotFoundError, call, find_weights, source)
    assert source in message
    assert "neither a local folder nor a model on the Hub" in message
    assert hub.requests == []


def test_an_error_names_a_model_that_does_not_exist(call, repo):
    message = refusal(FileNotFoundError, call, find_weights, repo)
    assert f"{repo} is neither a local folder nor a model on the Hub" in message


def test_an_error_names_a_revision_that_does_not_exist(call, repo, folder):
    call(push, folder, repo)
    assert f"{repo}@v2" in refusal(FileNotFoundError, call, find_weights, f"{repo}@v2")


@pytest.mark.parametrize("status", [401, 403])
def test_the_error_for_a_private_model_says_how_to_log_in(call, hub, repo, status):
    hub.status = status
    message = refusal(PermissionError, call, find_weights, repo)
    assert "hf auth login" in message
    assert "HF_TOKEN" in message


def test_another_kind_of_model_is_refused_before_its_weights_are_downloaded(call, hub, repo, folder):
    call(push, folder, repo)
    hub.repos[repo].commit({"config.json": b'{"model_type": "gpt2"}'})
    assert "not a tinygpt checkpoint" in refusal(ValueError, call, find_weights, repo)
    assert not any("model.safetensors" in request for request in hub.requests if "resolve" in request)


def test_a_repo_without_weights_is_refused(call, hub, repo, folder):
    call(push, folder, repo)
    del hub.repos[repo].files()["model.safetensors"]
    assert "lacks model.safetensors" in refusal(ValueError, call, find_weights, repo)


def test_a_download_damaged_at_equal_length_is_never_loaded_and_later_replaced(call, hub, repo, folder):
    call(push, folder, repo)
    hub.damages = "model.safetensors"
    pulled = call(find_weights, repo)
    assert (pulled / "model.safetensors").stat().st_size == (folder / "model.safetensors").stat().st_size
    assert "is not the file that config.json describes" in refusal(ValueError, load_checkpoint, pulled)
    hub.heal()
    assert torch.equal(logits(call(find_weights, repo)), logits(folder))


def test_the_cached_copy_is_used_when_the_hub_fails(call, hub, repo, folder):
    call(push, folder, repo)
    pulled = call(find_weights, repo)
    hub.status = 503
    assert call(find_weights, repo) == pulled
    assert "503" in refusal(ConnectionError, call, find_weights, "ann/never-fetched")


def test_the_cached_copy_is_not_used_when_the_model_was_made_private(call, hub, repo, folder):
    call(push, folder, repo)
    call(find_weights, repo)
    hub.status = 401
    assert "hf auth login" in refusal(PermissionError, call, find_weights, repo)


def test_an_error_names_a_cache_that_cannot_be_written(call, repo, folder):
    call(push, folder, repo)
    message = refusal(OSError, call, with_cache, str(folder / "output.txt"), find_weights, repo)
    assert str(folder / "output.txt") in message
    assert message.endswith("; make room there, or set HF_HOME to a folder of yours")
    assert "connection" not in message


@pytest.mark.parametrize(
    ("at", "error", "impatient"),
    [
        ("GET /api/models/", ConnectionError, with_short_answer_deadline),
        ("/resolve/", TimeoutError, with_short_deadline),
    ],
)
def test_a_stalled_download_ends_at_the_deadline_and_then_the_cached_copy_is_used(
    call, hub, repo, folder, at, error, impatient
):
    call(push, folder, repo)
    hub.stalls_at = (at,)
    assert f"{repo} is not a local folder" in refusal(error, call, impatient, find_weights, repo)
    assert hub.stalled.wait(30)
    hub.heal()
    pulled = call(find_weights, repo)
    hub.stalls_at = ("/",)
    assert call(impatient, find_weights, repo) == pulled


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_download_that_is_cut_is_refused_and_the_cached_copy_is_used(call, hub, repo, folder, name):
    call(push, folder, repo)
    hub.cuts = name
    refusal(OSError, call, with_short_deadline, find_weights, repo)
    hub.heal()
    pulled = call(find_weights, repo)
    assert torch.equal(logits(pulled), logits(folder))
    save(folder, seed=8)
    call(push, folder, repo)
    hub.cuts = name
    assert call(with_short_deadline, find_weights, repo) == pulled


@pytest.mark.parametrize("answer", [b"<html>Please log in to this network.</html>", b"[1]", b'{"id": "ann/gpt"', b"{}"])
def test_an_answer_that_is_not_the_hubs_is_explained_and_the_cached_copy_is_used(call, hub, repo, folder, answer):
    call(push, folder, repo)
    pulled = call(find_weights, repo)
    hub.answer = answer
    assert call(with_short_deadline, find_weights, repo) == pulled
    refusal(OSError, call, with_short_deadline, find_weights, "ann/never-fetched")
    refusal((ValueError, OSError), call, with_short_deadline, push, folder, repo)


def test_an_error_of_our_own_is_not_taken_for_one_of_the_hub(call, hub, repo, folder):
    call(push, folder, repo)
    call(find_weights, repo)
    with pytest.raises(KeyError, match="no such key"):
        call(calls.with_bug, repo)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_the_older_model_is_used_until_the_newer_one_has_arrived(call, hub, repo, folder, name):
    call(push, folder, repo)
    old = call(find_weights, repo)
    save(folder, seed=7)
    call(push, folder, repo)
    hub.stalls_at = (f"{hub.repos[repo].branches['main']}/{name}",)
    assert call(with_short_deadline, find_weights, repo) == old
    hub.heal()
    assert torch.equal(logits(call(find_weights, repo)), logits(folder))
    assert not torch.equal(logits(old), logits(folder))


def test_offline_the_cached_copy_is_used(call, repo, folder, offline):
    call(push, folder, repo)
    pulled = call(find_weights, repo)
    assert call(with_endpoint, offline, find_weights, repo) == pulled


def test_offline_without_a_copy_the_terminal_ends_with_a_one_line_error(environment, offline):
    started = time.monotonic()
    ended = python("-m", "tinygpt", "--weights", "ann/gpt", **environment | {"HF_ENDPOINT": offline})
    assert time.monotonic() - started < 20
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "ann/gpt is not a local folder" in ended.stderr
    assert "check the connection" in ended.stderr


def test_offline_a_push_is_refused(call, repo, folder, offline):
    before = contents(folder)
    assert "check the connection" in refusal(ConnectionError, call, with_endpoint, offline, push, folder, repo)
    assert contents(folder) == before


def test_a_process_can_exit_after_the_deadline(call, hub, repo, folder, environment):
    call(push, folder, repo)
    for name in ("", "history/step-000001", "history/step-000002"):  # several large files, as there usually are
        save(folder / name, seed=6 + len(name))
    hub.stalls_at = ("PUT /lfs/", "/model.safetensors")
    script = "import sys; import huggingface_hub; from tinygpt.hub import connection, pull, push\n"
    script += "connection.ANSWER_SECONDS = 0.3; connection.BYTES_PER_SECOND = 1e12\n"
    script += "for call in (lambda: push.push(*sys.argv[1:]), lambda: pull.find_weights(sys.argv[2])):\n"
    script += "    try: call()\n    except TimeoutError as error: print(error)\n"
    started = time.monotonic()
    ended = python("-c", script, str(folder), repo, **environment)
    assert time.monotonic() - started < 20
    assert ended.stdout.count("took longer than 0.3 seconds") == 2
    assert ended.returncode == 0
    assert "Error" not in ended.stderr


def test_the_python_example_of_a_card_writes(call, repo, folder, monkeypatch, capsys):
    call(push, folder, repo)
    monkeypatch.setattr(loading, "find_weights", partial(call, calls.find_weights))
    [snippet] = re.findall(r"```python\n(.*?)```", model_card({}, repo), re.DOTALL)
    names = {}
    exec(snippet, names)
    assert names["tokenizer"].vocabulary == "".join(sorted(set(TEXT)))
    assert len(capsys.readouterr().out) > 100
