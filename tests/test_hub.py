"""Push and pull against a small Hub on this machine, spoken to by the real library over HTTP."""

import json
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from hub_server import Server

from tinygpt import GPTConfig, GPTLanguageModel, TextEncoderDecoder, hub, load_checkpoint, save_checkpoint
from tinygpt.card import model_card
from tinygpt.data import DEFAULT_SHA256

ROOT = Path(__file__).parent.parent
TEXT = "\n !ROMEO:abcdefghij"
SHAPE = GPTConfig(vocab_size=len(set(TEXT)), block_size=8, n_layer=1, n_head=2, n_embd=16)
PUBLISHED = {"model.safetensors", "config.json", "metrics.jsonl", "README.md"}
FACTS = {"preset": "default", "steps": 4000, "publish": "last", "data_sha256": DEFAULT_SHA256}


@pytest.fixture(scope="module")
def server():
    with Server() as hub_here:
        yield hub_here


@pytest.fixture(scope="module")
def environment(server, tmp_path_factory):
    """What makes the library speak to our Hub alone; it looks when it is imported."""
    ours = {
        "HF_ENDPOINT": server.url,
        "HF_HOME": str(tmp_path_factory.mktemp("home")),
        "HF_TOKEN": "hf_fake",
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
    }
    return {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))} | ours


@pytest.fixture(scope="module")
def far(environment):
    """Calls a function in one process that lives, and imported everything, in that environment."""
    with (
        patch.dict(os.environ, environment, clear=True),
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        yield lambda function, *args: pool.submit(function, *args).result(60)


@pytest.fixture
def here(server):
    yield server
    server.heal()


@pytest.fixture
def offline():
    """An address that refuses every connection."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        yield f"http://127.0.0.1:{nobody.getsockname()[1]}"


@pytest.fixture
def repo(request, here):
    return "ann/" + re.sub(r"\W+", "-", request.node.name).strip("-")


@pytest.fixture
def folder(tmp_path):
    """What a run leaves: the published files, and others that are nobody's business."""
    run = tmp_path / "run"
    save(run, seed=1)
    (run / "metrics.jsonl").write_text('{"step": 250, "validation_loss": 2.0}\n')
    (run / "training_state.safetensors").write_bytes(b"large and private")
    (run / "output.txt").write_text("a sample")
    return run


def save(run, seed):
    torch.manual_seed(seed)
    save_checkpoint(run, GPTLanguageModel(SHAPE), TextEncoderDecoder(TEXT), dtype=torch.float16, facts=FACTS)


def contents(run):
    return {path.name: path.read_bytes() for path in run.iterdir()}


def logits(run):
    model, _ = load_checkpoint(run)
    with torch.no_grad():
        return model(torch.arange(8)[None])


def refusal(kind, call, *args):
    """The one line that a call is refused with."""
    with pytest.raises(kind) as caught:
        call(*args)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


def hurried(function, *args):
    with patch.object(hub, "DEADLINE", 1.0):
        return function(*args)


def with_token(token, function, *args):
    with patch.dict(os.environ, {"HF_TOKEN": token}):
        return function(*args)


def with_endpoint(url, function, *args):
    from huggingface_hub import constants

    with patch.object(constants, "ENDPOINT", url):
        return function(*args)


def with_cache(path, function, *args):
    from huggingface_hub import constants

    with patch.object(constants, "HF_HUB_CACHE", path):
        return function(*args)


def push_private(run, repo):
    return hub.push(run, repo, private=True)


def follow(snippet):
    """Run a piece of Python from the card; the vocabulary it opened tells that it worked."""
    names = {}
    exec(snippet, names)
    return names["tokenizer"].vocabulary


def python(*args, **environment):
    return subprocess.run(
        [sys.executable, *args], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


class TestPush:
    def test_what_was_pushed_is_pulled_with_the_same_logits(self, far, here, repo, folder):
        assert far(hub.push, folder, repo) == f"{here.url}/{repo}"
        pulled = far(hub.find_weights, repo)
        assert torch.equal(logits(pulled), logits(folder))
        assert here.large.keys() >= {json.loads((folder / "config.json").read_text())["weights_sha256"]}

    def test_the_published_files_go_up_and_nothing_else(self, far, here, repo, folder):
        before = contents(folder)
        far(hub.push, folder, repo)
        files = here.repos[repo].files()
        assert files.keys() - {".gitattributes"} == PUBLISHED
        assert files["metrics.jsonl"] == before["metrics.jsonl"]
        assert json.loads(files["config.json"]) == json.loads(before["config.json"])
        assert len(here.repos[repo].commits) == 2  # the one it began with, and one for all files
        assert contents(folder) == before

    def test_without_metrics_the_rest_goes_up_and_comes_down(self, far, here, repo, folder):
        (folder / "metrics.jsonl").unlink()
        far(hub.push, folder, repo)
        assert here.repos[repo].files().keys() - {".gitattributes"} == PUBLISHED - {"metrics.jsonl"}
        assert {path.name for path in far(hub.find_weights, repo).iterdir()} == PUBLISHED - {"metrics.jsonl"}

    def test_a_card_is_made_with_the_name_of_the_repo(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        assert f"--weights {repo}" in here.repos[repo].files()["README.md"].decode()

    def test_ones_own_card_is_kept(self, far, here, repo, folder):
        (folder / "README.md").write_text("---\nlicense: mit\n---\nMine.\n")
        far(hub.push, folder, repo)
        assert here.repos[repo].files()["README.md"].endswith(b"Mine.\n")

    def test_a_card_that_the_hub_refuses_is_named(self, far, repo, folder):
        (folder / "README.md").write_text("---\ntags: shakespeare\n---\nMine.\n")
        assert "README.md" in refusal(ValueError, far, hub.push, folder, repo)

    def test_the_second_push_replaces_the_first(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        save(folder, seed=2)
        far(hub.push, folder, repo)
        assert here.repos[repo].files()["model.safetensors"] == (folder / "model.safetensors").read_bytes()
        assert torch.equal(logits(far(hub.find_weights, repo)), logits(folder))

    def test_pushing_the_same_again_is_fine_and_changes_nothing(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        commits = list(here.repos[repo].commits)
        assert far(hub.push, folder, repo) == f"{here.url}/{repo}"
        assert list(here.repos[repo].commits) == commits

    @pytest.mark.parametrize("private", [False, True])
    def test_a_repo_is_as_private_as_asked_for(self, far, here, repo, folder, private):
        far(push_private if private else hub.push, folder, repo)
        assert here.repos[repo].private == private

    def test_after_a_crash_in_a_save_the_config_that_counts_goes_up(self, far, repo, folder):
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
    def test_an_id_that_is_none_is_refused_without_asking_the_hub(self, far, here, folder, repo_id):
        message = refusal(ValueError, far, hub.push, folder, repo_id)
        assert repr(repo_id) in message
        assert "user/name" in message
        assert here.requests == []

    def test_a_broken_checkpoint_is_never_uploaded(self, far, here, repo, folder):
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1] + b"?")
        assert "is not the file that config.json describes" in refusal(ValueError, far, hub.push, folder, repo)
        refusal(FileNotFoundError, far, hub.push, folder.parent, repo)
        assert here.requests == []

    def test_weights_that_would_not_load_are_never_uploaded(self, far, here, repo, folder):
        config = (folder / "config.json").read_text()
        (folder / "config.json").write_text(config.replace('"n_layer": 1', '"n_layer": 2'))
        assert "lacks" in refusal(ValueError, far, hub.push, folder, repo)
        assert here.requests == []

    @pytest.mark.parametrize("exists", [False, True])
    def test_without_a_login_it_says_how_to_log_in(self, far, repo, folder, exists):
        if exists:
            far(hub.push, folder, repo)
            save(folder, seed=4)
        before = contents(folder)
        message = refusal(PermissionError, far, with_token, "hf_wrong", hub.push, folder, repo)
        assert "hf auth login" in message
        assert "HF_TOKEN" in message
        assert contents(folder) == before

    def test_the_repo_of_another_user_is_refused(self, far, folder):
        assert "may not write to bob/gpt" in refusal(PermissionError, far, hub.push, folder, "bob/gpt")

    @pytest.mark.parametrize("at", ["/api/repos/create", "PUT /lfs/", "/commit/main"])
    def test_a_hub_that_stalls_is_given_up(self, far, here, repo, folder, at):
        here.stalls_at, before = (at,), contents(folder)
        message = refusal(TimeoutError, far, hurried, hub.push, folder, repo)
        assert "1 seconds" in message
        assert "try again" in message
        assert contents(folder) == before
        assert any(at in request for request in here.requests)


class TestPull:
    def test_a_local_folder_comes_first_and_needs_no_library(self, here, repo, tmp_path, environment):
        (tmp_path / repo).mkdir(parents=True)
        script = "import os, sys; from tinygpt.hub import find_weights; os.chdir(sys.argv[1]);"
        script += "print(find_weights(sys.argv[2]), 'huggingface_hub' in sys.modules)"
        assert python("-c", script, str(tmp_path), repo, **environment).stdout == f"{repo} False\n"
        assert here.requests == []

    def test_only_published_files_are_fetched(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        here.repos[repo].commit({"pytorch_model.bin": b"large and unsafe"})
        pulled = far(hub.find_weights, repo)
        assert {path.name for path in pulled.iterdir()} == PUBLISHED

    def test_what_is_cached_is_not_fetched_again(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        first = far(hub.find_weights, repo)
        here.requests.clear()
        assert far(hub.find_weights, repo) == first
        assert not any("/resolve/" in path for path in here.asked("GET"))

    def test_an_older_revision_can_be_named(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        old, revision = logits(folder), here.repos[repo].branches["main"]
        save(folder, seed=5)
        far(hub.push, folder, repo)
        assert torch.equal(logits(far(hub.find_weights, f"{repo}@{revision}")), old)
        assert not torch.equal(logits(far(hub.find_weights, f"{repo}@main")), old)

    @pytest.mark.parametrize("source", ["nowhere", "ann/a/b", "ann/a b", "ann/a--b", "ann/a@", "/no/folder", "ann/"])
    def test_what_can_be_neither_is_refused_without_asking_the_hub(self, far, here, source):
        message = refusal(FileNotFoundError, far, hub.find_weights, source)
        assert source in message
        assert "neither a folder here nor a model on the Hub" in message
        assert here.requests == []

    def test_a_model_that_is_not_there_is_named(self, far, repo):
        message = refusal(FileNotFoundError, far, hub.find_weights, repo)
        assert f"{repo} is neither a folder here nor a model on the Hub" in message

    def test_a_revision_that_is_not_there_is_named(self, far, repo, folder):
        far(hub.push, folder, repo)
        assert f"{repo}@v2" in refusal(FileNotFoundError, far, hub.find_weights, f"{repo}@v2")

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_private_model_says_how_to_log_in(self, far, here, repo, status):
        here.status = status
        message = refusal(PermissionError, far, hub.find_weights, repo)
        assert "hf auth login" in message
        assert "HF_TOKEN" in message

    def test_another_kind_of_model_is_refused_before_its_weights_are_fetched(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        here.repos[repo].commit({"config.json": b'{"model_type": "gpt2"}'})
        assert "no tinygpt checkpoint" in refusal(ValueError, far, hub.find_weights, repo)
        assert not any("model.safetensors" in request for request in here.requests if "resolve" in request)

    def test_a_repo_without_weights_is_refused(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        del here.repos[repo].files()["model.safetensors"]
        assert "lacks model.safetensors" in refusal(ValueError, far, hub.find_weights, repo)

    def test_a_body_damaged_at_equal_length_is_never_loaded_and_later_made_good(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        here.damages = "model.safetensors"
        pulled = far(hub.find_weights, repo)
        assert (pulled / "model.safetensors").stat().st_size == (folder / "model.safetensors").stat().st_size
        assert "is not the file that config.json describes" in refusal(ValueError, far, load_checkpoint, pulled)
        here.heal()
        assert torch.equal(logits(far(hub.find_weights, repo)), logits(folder))

    def test_a_hub_in_trouble_is_made_up_for_by_the_cached_copy(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        pulled = far(hub.find_weights, repo)
        here.status = 503
        assert far(hub.find_weights, repo) == pulled
        assert "503" in refusal(ConnectionError, far, hub.find_weights, "ann/never-fetched")

    def test_a_model_that_was_made_private_is_not_served_from_the_cache(self, far, here, repo, folder):
        far(hub.push, folder, repo)
        far(hub.find_weights, repo)
        here.status = 401
        assert "hf auth login" in refusal(PermissionError, far, hub.find_weights, repo)

    def test_a_cache_that_cannot_be_written_is_named(self, far, repo, folder):
        far(hub.push, folder, repo)
        message = refusal(OSError, far, with_cache, str(folder / "output.txt"), hub.find_weights, repo)
        assert str(folder / "output.txt") in message
        assert "connection" not in message

    @pytest.mark.parametrize("at", ["GET /api/models/", "/resolve/"])
    def test_a_hub_that_stalls_is_given_up_unless_a_copy_is_cached(self, far, here, repo, folder, at):
        far(hub.push, folder, repo)
        here.stalls_at = (at,)
        started = time.monotonic()
        message = refusal(
            ConnectionError if at.startswith("GET") else TimeoutError, far, hurried, hub.find_weights, repo
        )
        assert f"{repo} is no folder here" in message
        assert time.monotonic() - started < 10
        here.heal()
        pulled = far(hub.find_weights, repo)
        here.stalls_at = ("/",)
        assert far(hurried, hub.find_weights, repo) == pulled

    @pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
    def test_until_a_newer_model_has_arrived_the_older_one_serves(self, far, here, repo, folder, name):
        far(hub.push, folder, repo)
        old = far(hub.find_weights, repo)
        save(folder, seed=7)
        far(hub.push, folder, repo)
        here.stalls_at = (f"{here.repos[repo].branches['main']}/{name}",)
        assert far(hurried, hub.find_weights, repo) == old
        here.heal()
        assert torch.equal(logits(far(hub.find_weights, repo)), logits(folder))
        assert not torch.equal(logits(old), logits(folder))

    def test_offline_the_cached_copy_serves(self, far, repo, folder, offline):
        far(hub.push, folder, repo)
        pulled = far(hub.find_weights, repo)
        assert far(with_endpoint, offline, hub.find_weights, repo) == pulled

    def test_offline_without_a_copy_the_terminal_says_in_one_line_what_is_wrong(self, environment, offline):
        started = time.monotonic()
        ended = python("-m", "tinygpt", "--weights", "ann/gpt", **environment | {"HF_ENDPOINT": offline})
        assert time.monotonic() - started < 20
        assert ended.returncode == 1
        assert ended.stderr.count("\n") == 1
        assert "ann/gpt is no folder here" in ended.stderr
        assert "check the connection" in ended.stderr

    def test_offline_a_push_is_refused(self, far, repo, folder, offline):
        before = contents(folder)
        assert "check the connection" in refusal(ConnectionError, far, with_endpoint, offline, hub.push, folder, repo)
        assert contents(folder) == before

    def test_a_program_that_gave_up_can_end(self, far, here, repo, folder, environment):
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

    def test_its_python_lines_open_the_model(self, far, repo, folder):
        far(hub.push, folder, repo)
        [snippet] = re.findall(r"```python\n(.*?)```", model_card({}, repo), re.DOTALL)
        assert far(follow, snippet) == "".join(sorted(set(TEXT)))
