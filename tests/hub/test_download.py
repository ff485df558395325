"""Downloading a checkpoint with its snapshots, and what a hostile repository cannot do."""

import numpy as np
import pytest
import torch

from tests.hub.calls import find_weights, with_full_disk, with_short_deadline, with_snapshots
from tests.hub.checkpoints import PUSHED, logits, refusal, save
from tinygpt import load_checkpoint, open_checkpoint
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.hub import loading
from tinygpt.hub.download import MAX_SNAPSHOTS
from tinygpt.hub.push import push


@pytest.fixture
def pushed(call, repo, folder):
    """The folder of a run with two snapshots, which has been pushed."""
    for step in (19, 156):
        save(folder / "history" / f"step-{step:06}", seed=step)
    call(push, folder, repo)
    return folder


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def snapshot_files(*steps):
    return {f"history/step-{step:06}/{name}" for step in steps for name in ("config.json", "model.safetensors")}


def resolved(hub, repo, *methods):
    """The names of the files of a repository that were asked for."""
    paths = [path for method in methods or ("GET", "HEAD") for path in hub.paths(method)]
    return [path.split("/", 5)[5] for path in paths if path.startswith(f"/{repo}/resolve/")]


def test_snapshots_are_downloaded_where_they_are_asked_for(call, hub, repo, pushed):
    assert names(call(find_weights, repo)) == PUSHED
    pulled = call(with_snapshots, repo)
    assert names(pulled) == PUSHED | snapshot_files(19, 156)
    for step in ("history/step-000019", "history/step-000156"):
        assert torch.equal(logits(pulled / step), logits(pushed / step))
    hub.requests.clear()
    assert call(with_snapshots, repo) == pulled
    assert not resolved(hub, repo, "GET")
    hub.status = 503
    assert call(with_snapshots, repo) == pulled


@pytest.mark.parametrize("fault", ["stalls", "fails"])
def test_without_its_snapshots_a_checkpoint_is_found_all_the_same(call, hub, repo, pushed, fault):
    setattr(hub, "stalls_at" if fault == "stalls" else "fails_at", ("/history/",))
    assert names(call(with_short_deadline, with_snapshots, repo)) == PUSHED
    hub.heal()
    assert names(call(with_snapshots, repo)) == PUSHED | snapshot_files(19, 156)


def test_a_snapshot_damaged_on_its_way_is_downloaded_again(call, hub, repo, pushed):
    hub.damages = "history/step-000019/model.safetensors"
    pulled = call(with_snapshots, repo)
    hub.heal()
    assert call(with_snapshots, repo) == pulled
    assert torch.equal(logits(pulled / "history/step-000019"), logits(pushed / "history/step-000019"))


def test_of_very_many_snapshots_only_the_last_are_downloaded(call, hub, repo, pushed):
    content = hub.repos[repo].files()
    config, weights = (content[f"history/step-000019/{name}"] for name in ("config.json", "model.safetensors"))
    hub.repos[repo].commit({f"history/step-{i:06}/config.json": config for i in range(200, 10_000)})
    hub.repos[repo].commit({f"history/step-{i:06}/model.safetensors": weights for i in range(300, 320)})
    pulled = call(with_snapshots, repo)
    assert names(pulled) == PUSHED | snapshot_files(*range(320 - MAX_SNAPSHOTS, 320))


@pytest.mark.parametrize(
    "name",
    [
        "../../escaped",
        "history/step-1/../../../../escaped",
        "history/../config.json",
        "history/step-000019/more/config.json",
        "/escaped",
    ],
)
def test_no_other_name_is_ever_asked_for(call, hub, repo, pushed, name):
    hub.repos[repo].commit({name: b"hostile"})
    call(with_snapshots, repo)
    assert {*resolved(hub, repo)} == PUSHED | snapshot_files(19, 156)


UNTOLD_OR_HUGE = pytest.mark.parametrize("size", [100 * 10**9, None])


@UNTOLD_OR_HUGE
def test_weights_that_are_larger_than_their_model_are_refused_before_they_are_downloaded(call, hub, repo, pushed, size):
    hub.sizes = {"model.safetensors": size}
    assert "larger than its model" in refusal(ValueError, call, find_weights, repo)
    assert {*resolved(hub, repo)} == {"config.json"}


@UNTOLD_OR_HUGE
def test_a_config_that_is_too_large_is_refused_before_it_is_downloaded(call, hub, repo, pushed, size):
    hub.sizes = {"config.json": size}
    assert "too large" in refusal(ValueError, call, find_weights, repo)
    assert resolved(hub, repo) == []


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("metrics.jsonl", 50_000_001),
        ("README.md", None),
        ("history/step-000019/config.json", 100 * 10**9),
        ("history/step-000019/model.safetensors", None),
    ],
)
def test_what_else_is_too_large_is_left_out(call, hub, repo, pushed, name, size):
    hub.sizes = {name: size}
    pulled = names(call(with_snapshots, repo))
    assert pulled == (PUSHED | snapshot_files(19, 156)) - ({name} if "/" not in name else snapshot_files(19))


def test_a_checkpoint_for_which_the_disk_has_no_room_is_refused_with_the_numbers(call, hub, repo, pushed):
    message = refusal(OSError, call, with_full_disk, find_weights, repo)
    assert "bytes are needed, and 1,000 are free" in message
    assert message.endswith("; make room there")
    assert "model.safetensors" not in resolved(hub, repo)


def test_a_config_damaged_on_its_way_is_downloaded_again_and_never_believed(call, hub, repo, pushed):
    hub.damages = "config.json"
    assert "not a tinygpt checkpoint" in refusal(ValueError, call, find_weights, repo)
    hub.heal()
    assert torch.equal(logits(call(find_weights, repo)), logits(pushed))


def test_the_public_functions_open_a_revision_on_the_hub_and_a_local_folder(call, hub, repo, pushed, monkeypatch):
    revision = hub.repos[repo].branches["main"]
    save(pushed, seed=5)
    monkeypatch.setattr(loading, "find_weights", lambda source: call(find_weights, source))
    model, tokenizer = load_checkpoint(f"{repo}@{revision}")
    assert not same(model, pushed)
    engine, opened = open_checkpoint(repo)
    assert engine.config == model.config
    assert opened.vocabulary == tokenizer.vocabulary
    call(push, pushed, repo)
    assert same(load_checkpoint(repo)[0], pushed)
    hub.status = 503
    assert same(load_checkpoint(repo)[0], pushed)
    assert same(load_checkpoint(pushed)[0], pushed)


def same(model, folder):
    expected = read_checkpoint(folder).tensors
    return all(np.array_equal(tensor.numpy(), expected[name]) for name, tensor in model.state_dict().items())
