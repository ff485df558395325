"""Making a Space of the page and some weights."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from tests.ci import ONLY_IN_CI
from tests.hub.checkpoints import PUSHED, ROOT, save
from tests.hub.command import hub_command

ZEROGPU_TORCH = ["2.8.0", "2.9.1", "2.10.0", "2.11.0"]  # as listed in the Hub's documentation
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@pytest.fixture
def folder(folder):
    """The folder of a run on a private text, with a snapshot, an index, and files that are to stay where they are."""
    save(folder, seed=1, data_sha256="0" * 64)
    save(folder / "history" / "step-000002", seed=2)
    (folder / "README.md").write_text("---\nlicense: mit\n---\nThe card of these weights.\n")
    for name in (
        "memorization.npy",
        ".env",
        "runs/x/model.safetensors",
        "history/step-000002/training_state.safetensors",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"private")
    return folder


@pytest.fixture
def space(call, hub, repo, folder):
    """The files of a Space that was made for that run."""
    code, printed = call(hub_command, "space", repo, "--weights", folder)
    assert code == 0, printed
    return hub.repos[f"spaces/{repo}"].files()


def prepared(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def front_matter(space):
    return yaml.safe_load(space["README.md"].decode().split("---\n")[1])


def test_a_space_holds_the_page_and_the_weights_and_nothing_else(space, folder):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "tinygpt"], cwd=ROOT, capture_output=True)
    code = set(listed.stdout.decode().split())
    assert "tinygpt/web/thumbnail.png" in code
    around = {"README.md", "LICENSE", "requirements.txt", ".gitattributes", "app.py"}
    weights = PUSHED | {f"history/step-000002/{name}" for name in ("config.json", "model.safetensors")}
    assert space.keys() == code | around | {f"weights/{name}" for name in weights}
    assert space["weights/model.safetensors"] == (folder / "model.safetensors").read_bytes()
    assert space["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert not [name for name, content in space.items() if content == b"private"]


def test_the_index_of_shakespeare_goes_along_since_his_text_is_no_secret(call, hub, repo, folder):
    save(folder, seed=1)
    assert call(hub_command, "space", repo, "--weights", folder)[0] == 0
    assert "weights/memorization.npy" in hub.repos[f"spaces/{repo}"].files()


def test_the_app_imports_spaces_before_anything_else_and_decorates_one_function(space, tmp_path):
    (tmp_path / "app.py").write_bytes(space["app.py"])
    stub = "import sys; print('before:', *{'torch', 'gradio', 'tinygpt', 'numpy'} & sys.modules.keys())\n"
    stub += "def GPU(function): print('lent to', function.__name__); return function\n"
    (tmp_path / "spaces.py").write_text(stub)
    (tmp_path / "tinygpt" / "ui").mkdir(parents=True)
    (tmp_path / "tinygpt" / "ui" / "launch.py").write_text("def main(zero_gpu): print('zero_gpu:', zero_gpu)\n")
    environment = os.environ | {"SPACES_ZERO_GPU": "true"}
    done = subprocess.run([sys.executable, "app.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "before:\nlent to on_gpu\nzero_gpu: True\n"), done.stderr


def test_the_front_matter_is_what_the_hub_takes(space, repo):
    front = front_matter(space)
    assert all(isinstance(front[key], str) for key in ("title", "python_version", "sdk_version", "license"))
    assert (front["sdk"], front["app_file"], front["python_version"]) == ("gradio", "app.py", "3.12")
    assert re.fullmatch(r"\d+\.\d+\.\d+", front["sdk_version"])
    assert {front["colorFrom"], front["colorTo"]} <= COLORS
    assert len(front["short_description"]) <= 60
    assert front["thumbnail"] == f"https://huggingface.co/spaces/{repo}/resolve/main/tinygpt/web/thumbnail.png"
    assert isinstance(front["tags"], list)
    assert front["pinned"] is False
    assert "models" not in front


def test_the_requirements_allow_the_gradio_of_the_front_matter_and_a_torch_of_zerogpu(space):
    requirements = {each.name: each for each in map(Requirement, space["requirements.txt"].decode().splitlines())}
    ours = {each.name for each in map(Requirement, (ROOT / "requirements.txt").read_text("utf-8").splitlines())}
    assert requirements.keys() == ours
    assert front_matter(space)["sdk_version"] in requirements["gradio"].specifier
    torch = requirements["torch"].specifier
    allowed = [version for version in ZEROGPU_TORCH if version in torch]
    assert allowed == ["2.10.0", "2.11.0"]
    newest = Version(allowed[-1])
    assert not any(f"{newest.major}.{newest.minor + n}.{patch}" in torch for n in (0, 1, 2) for patch in (1, 2))


def test_a_free_account_can_create_a_space_private_if_it_asks_for_that(call, hub, repo, folder, space):
    """The server, as the Hub, refuses free accounts all hardware but ZeroGPU."""
    assert not hub.repos[f"spaces/{repo}"].private
    assert call(hub_command, "space", f"{repo}-2", "--weights", folder, "--private")[0] == 0
    assert hub.repos[f"spaces/{repo}-2"].private


def test_the_command_lists_the_files_and_says_where_the_space_is_and_what_comes_next(call, hub, repo, folder):
    code, printed = call(hub_command, "space", repo, "--weights", folder, "--with-index")
    assert code == 0, printed
    assert f"{(folder / 'model.safetensors').stat().st_size:,}  weights/model.safetensors" in printed
    assert f"Uploaded to {hub.url}/spaces/{repo}\n" in printed
    assert "TINYGPT_AUTH" in printed
    assert "weights/memorization.npy" in hub.repos[f"spaces/{repo}"].files()


def test_the_second_upload_replaces_the_first_and_keeps_what_the_owner_added(call, hub, repo, folder, space):
    ours = hub.repos[f"spaces/{repo}"]
    ours.commit({"tinygpt/gone.py": b"", "weights/history/step-000001/config.json": b"", "packages.txt": b"cowsay\n"})
    save(folder, seed=3, data_sha256="0" * 64)
    assert call(hub_command, "space", repo, "--weights", folder)[0] == 0
    assert ours.files().keys() == {*space, "packages.txt"}
    assert ours.files()["weights/model.safetensors"] == (folder / "model.safetensors").read_bytes()


def test_somebodys_other_space_is_left_alone(call, hub, repo, folder, space):
    other = hub.repos[f"spaces/{repo}"]
    other.commit(dict.fromkeys(other.files()) | {"README.md": b"---\nsdk: static\n---\n", "index.html": b"Hello."})
    before = other.files()
    error, _ = call(hub_command, "space", repo, "--weights", folder)
    assert "holds something else (index.html)" in error
    assert other.files() == before


def test_a_space_of_weights_on_the_hub_names_them(call, hub, repo, folder):
    assert call(hub_command, "push", folder, repo)[0] == 0
    assert call(hub_command, "space", repo, "--weights", f"{repo}@main")[0] == 0
    made = hub.repos[f"spaces/{repo}"].files()
    assert front_matter(made)["models"] == [repo]
    assert made["weights/model.safetensors"] == (folder / "model.safetensors").read_bytes()


def test_a_dry_run_writes_the_same_files_and_asks_the_hub_for_nothing(call, hub, repo, folder, space, tmp_path):
    hub.requests.clear()
    code, printed = call(hub_command, "space", repo, "--weights", folder, "--dry-run", tmp_path / "out")
    assert code == 0, printed
    assert prepared(tmp_path / "out") == space
    assert hub.requests == []


def test_a_dry_run_does_not_write_among_other_files(call, repo, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    error, _ = call(hub_command, "space", repo, "--weights", folder, "--dry-run", tmp_path / "out")
    assert error.startswith("tinygpt.hub: ")
    assert "out is there already, and is not an empty folder: choose another one" in error
    assert prepared(tmp_path / "out") == {"notes.txt": b"mine"}


def test_weights_that_do_not_load_go_nowhere(call, hub, repo, folder):
    (folder / "model.safetensors").write_bytes(b"damaged")
    error, _ = call(hub_command, "space", repo, "--weights", folder)
    assert "model.safetensors" in error
    assert hub.requests == []


@ONLY_IN_CI
def test_an_installed_package_makes_the_same_space_as_a_copy_of_the_repository(folder, tmp_path, space):
    site, out = tmp_path / "site", tmp_path / "out"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tinygpt", site / "tinygpt", ignore=ignored)
    about = site / "tinygpt-1.0.0.dist-info"
    (about / "licenses").mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", about / "licenses" / "LICENSE")
    required = [*(ROOT / "requirements.txt").read_text("utf-8").splitlines(), 'mcp>=1; extra == "mcp"']
    fields = [
        "Metadata-Version: 2.4",
        "Name: tinygpt",
        "Version: 1.0.0",
        *(f"Requires-Dist: {line}" for line in required),
    ]
    (about / "METADATA").write_text("\n".join(fields) + "\n", encoding="utf-8")
    (about / "RECORD").write_text(f"{about.name}/licenses/LICENSE,,\n", encoding="utf-8")
    command = [sys.executable, "-m", "tinygpt.hub", "space", "ann/play", "--weights", folder, "--dry-run", out]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(site)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    written = prepared(out)
    assert written.pop("README.md") != space.pop("README.md")  # they name different Spaces
    assert written == space
