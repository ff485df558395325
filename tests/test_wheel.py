"""The package: what its wheel holds, and that it works in a fresh environment, as the README's line does."""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import hatchling.build
import pytest
from gradio_client import Client

from tests.ci import ONLY_IN_CI
from tests.runs import TINY
from tests.server import ROOT, free_port, wait_until_listening
from tinygpt import SampleConfig, __version__, load_checkpoint, stream

INFO = f"tinygpt-{__version__}.dist-info"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without network."""
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / hatchling.build.build_wheel(str(folder))


@pytest.fixture(scope="module")
def files(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        return message_from_string(archive.read(f"{INFO}/METADATA").decode())


def tracked(folder: str) -> set[str]:
    """The files of a folder of the repository, or those that will be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return {name for name in filter(None, listed.split("\0")) if (ROOT / name).exists()}


def test_the_wheel_holds_the_package_and_the_weights_without_their_snapshots_and_nothing_else(files: set[str]):
    weights = {f"tinygpt/{name}" for name in tracked("weights") if not name.startswith("weights/history/")}
    assert {name for name in files if not name.startswith(f"{INFO}/")} == tracked("tinygpt") | weights
    assert "tinygpt/weights/model.safetensors" in files
    assert "tinygpt/web/page.js" in files
    assert any(name.endswith(".woff2") for name in files)


def test_the_wheel_asks_for_what_the_requirement_files_list(metadata: Message):
    def listed(name: str) -> set[str]:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        return {line for line in lines if line and not line.startswith("#")}

    def normal(requirement: str) -> tuple[str, frozenset[str], str]:
        name, bounds, marker = re.fullmatch(r"([\w.-]+(?:\[\w+\])?)([^;]*)(?:; *(.*))?", requirement).groups()
        return name.replace("_", "-"), frozenset(bounds.strip().split(",")), (marker or "").replace("'", '"')

    extras = {"mcp": "requirements-mcp.txt", "export": "requirements-export.txt"}
    assert set(metadata.get_all("Provides-Extra")) == extras.keys()
    expected = {normal(line) for line in listed("requirements.txt")}
    for extra, name in extras.items():
        expected |= {normal(f'{line}; extra == "{extra}"') for line in listed(name)}
        assert f"-r {name}" in listed("requirements-dev.txt")
    assert {normal(line) for line in metadata.get_all("Requires-Dist")} == expected


def test_the_wheel_names_the_versions_of_python_that_the_readme_promises(metadata: Message):
    oldest, newest = re.search(r"with Python (\S+) to (\S+),", README).groups()
    major, minor = newest.split(".")
    assert set(metadata["Requires-Python"].split(",")) == {f">={oldest}", f"<{major}.{int(minor) + 1}"}
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT"


@pytest.fixture(scope="module")
def fresh_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh copy of the repository, in which the README's line has made an environment and opened the page."""
    folder = tmp_path_factory.mktemp("copy")
    for name in tracked("."):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    port = free_port()
    line = next(line for line in README.splitlines() if re.fullmatch(r"python3 .* && .*app\.py", line))
    with wait_until_listening(["bash", "-c", f"{line} --port {port}"], cwd=folder):
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=30).read().decode()
    assert "tinygpt" in page
    return folder


@ONLY_IN_CI
@pytest.mark.skipif(sys.platform == "win32", reason="the line is for the shell of a Unix")
def test_after_the_readmes_run_line_the_installed_commands_work_in_an_empty_folder(
    fresh_copy: Path, wheel: Path, text_file: Path, tmp_path: Path
):
    programs = fresh_copy / ".venv" / "bin"
    installing = [programs / "pip", "install", "-q", wheel]  # what it needs is there already
    subprocess.run(installing, check=True, timeout=300)
    settings = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    environment = os.environ | settings

    asking = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "check": True, "timeout": 300}
    where = "import sysconfig, tinygpt; print(sysconfig.get_path('purelib'), tinygpt.__file__, sep='\\n')"
    site, module = subprocess.run([programs / "python", "-c", where], **asking).stdout.split()
    assert Path(module).is_relative_to(site)
    ours = {"app.py", "train.py", "tests", "benchmarks", "weights", "docs"}
    assert not ours & {path.name for path in Path(site).iterdir()}

    prompting = [programs / "tinygpt", "--prompt", "ROMEO:", "--length", "100", "--seed", "1"]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(prompting, cwd=tmp_path, env=environment, **streams) as process:
        while "Still compiling" not in (line := process.stderr.readline()):
            assert line
        process.send_signal(signal.SIGINT)  # as it says
        written = process.stdout.read()
    config = SampleConfig(max_new_tokens=100, seed=1)
    assert written == "ROMEO:" + "".join(stream(*load_checkpoint(ROOT / "weights"), "ROMEO:", config)) + "\n"
    assert process.returncode == 0

    port = free_port()
    with wait_until_listening([str(programs / "tinygpt"), "app", "--port", str(port)], cwd=tmp_path, **environment):
        assert len(Client(f"http://127.0.0.1:{port}", verbose=False).predict("O", 7, api_name="/generate")) == 7

    training = [programs / "tinygpt", "train", *TINY, "--max-iters", 2, "--eval-interval", 2, "--data", text_file]
    trained = subprocess.run([*map(str, training)], **asking)
    assert "To open them: tinygpt app --weights runs/little-shakespeare\n" in trained.stdout
    assert (tmp_path / "runs" / "little-shakespeare" / "model.safetensors").exists()


@ONLY_IN_CI
@pytest.mark.skipif(sys.platform == "win32", reason="the environment is one of a Unix")
def test_a_prepared_space_starts_as_on_the_hub_and_writes_while_it_compiles(fresh_copy: Path, called, tmp_path: Path):
    space, compiled, port = tmp_path / "space", tmp_path / "numba", free_port()
    assert called("tinygpt.hub", "space", "ann/play", "--dry-run", space).returncode == 0
    # Without torch, which is there in a version of its own: the one of a Space brings gigabytes of CUDA libraries.
    lines = (space / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = [line for line in lines if not line.startswith("torch")]
    programs = fresh_copy / ".venv" / "bin"
    subprocess.run([programs / "pip", "install", "-q", "spaces>=0.51,<1", *required], check=True, timeout=120)
    variables = {
        "SYSTEM": "spaces",
        "SPACE_ID": "ann/play",
        "SPACE_HOST": "ann-play.hf.space",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),  # on the Hub 7860, which another test may have taken here
        "GRADIO_CACHE_EXAMPLES": "true",
        "NUMBA_CACHE_DIR": str(compiled),
    }
    with wait_until_listening([str(programs / "python"), "app.py"], cwd=space, **variables) as process:
        job = Client(f"http://127.0.0.1:{port}", verbose=False).submit("ROMEO:", 200, seed=1, api_name="/generate")
        assert next(iter(job))
        assert not [*compiled.rglob("*.nbc")], "this was to be written before anything is compiled"
        expected = stream(*load_checkpoint(ROOT / "weights"), "ROMEO:", SampleConfig(max_new_tokens=200, seed=1))
        assert job.result(60) == "".join(expected)
        process.terminate()
        log = process.stdout.read()
    assert "Compiling for this machine" in log
    assert not re.search("traceback|exception|error|warning|reload", log, flags=re.IGNORECASE), log
