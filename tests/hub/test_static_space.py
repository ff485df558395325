"""Making a static Space: the page without a server."""

import json

import pytest
import yaml

from tests.hub.checkpoints import save
from tests.hub.command import hub_command
from tests.hub.test_space import COLORS


@pytest.fixture
def repo(repo):
    """A name that no Space with a server has."""
    return f"{repo[:70]}-static"


@pytest.fixture
def space(call, hub, repo, folder):
    """The files of a static Space that was made for a run on a private text."""
    save(folder, seed=1, data_sha256="0" * 64)
    (folder / "memorization.npy").write_bytes(b"FROM THE TEXT")
    (folder / "text.txt").write_text("FROM THE TEXT\n")
    code, printed = call(hub_command, "space", repo, "--static", "--weights", folder)
    assert code == 0, printed
    assert f"Uploaded to {hub.url}/spaces/{repo}\nIt needs no server" in printed
    return hub.repos[f"spaces/{repo}"].files()


def front_matter(space):
    return yaml.safe_load(space["README.md"].decode().split("---\n")[1])


def written(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_a_static_space_that_the_hub_takes(hub, repo, space):
    front = front_matter(space)
    assert hub.repos[f"spaces/{repo}"].sdk == front["sdk"] == "static"
    assert {front["colorFrom"], front["colorTo"]} <= COLORS
    assert (front["license"], front["pinned"]) == ("mit", False)
    assert len(front["short_description"]) <= 60
    assert front["thumbnail"] == f"https://huggingface.co/spaces/{repo}/resolve/main/thumbnail.png"
    assert "thumbnail.png" in space
    assert "models" not in front


def test_it_holds_the_page_and_a_sample_of_the_weights_and_nothing_of_the_private_text(space):
    assert {"index.html", "service_worker.js", "LICENSE"} <= space.keys()
    assert {name for name in space if name.startswith("model/")} == {"model/config.json", "model/weights.bin"}
    assert json.loads(space["model/config.json"])["sample"]["text"]
    assert not [name for name, content in space.items() if b"FROM THE TEXT" in content]


def test_the_second_upload_replaces_the_first_and_keeps_what_the_owner_added(call, hub, repo, folder, space):
    ours = hub.repos[f"spaces/{repo}"]
    ours.commit({"web/gone.js": b"", "notes.txt": b"mine"})
    save(folder, seed=2)
    assert call(hub_command, "space", repo, "--static", "--weights", folder)[0] == 0
    assert ours.files().keys() == {*space, "notes.txt"}
    assert ours.files()["model/weights.bin"] != space["model/weights.bin"]


@pytest.mark.parametrize("kind", [(), ("--static",)], ids=["with a server", "static"])
def test_a_space_of_another_kind_is_left_alone(call, hub, repo, folder, kind):
    other = {"index.html": b"Hello."} if kind else {"model/weights.bin": b"", "index.html": b""}
    assert call(hub_command, "space", repo, *kind, "--weights", folder)[0] == 0
    before = hub.repos[f"spaces/{repo}"]
    before.commit(dict.fromkeys(before.files()) | other)
    error, _ = call(hub_command, "space", repo, *kind, "--weights", folder)
    assert "holds something else (index.html" in error
    assert before.files() == other


def test_a_dry_run_writes_the_same_files_and_asks_the_hub_for_nothing(call, hub, repo, folder, space, tmp_path):
    hub.requests.clear()
    out = tmp_path / "out"
    assert call(hub_command, "space", repo, "--static", "--weights", folder, "--dry-run", out)[0] == 0
    assert written(out) == space
    assert hub.requests == []


def test_a_space_of_weights_on_the_hub_names_them_and_can_be_private(call, hub, repo, folder):
    assert call(hub_command, "push", folder, repo)[0] == 0
    assert call(hub_command, "space", repo, "--static", "--private", "--weights", repo)[0] == 0
    made = hub.repos[f"spaces/{repo}"]
    assert front_matter(made.files())["models"] == [repo]
    assert made.private


def test_an_index_is_not_for_a_page_without_a_server(call, hub, repo, folder):
    error, _ = call(hub_command, "space", repo, "--static", "--with-index", "--weights", folder)
    assert "--with-index is for a Space with a server" in error
    assert hub.requests == []
