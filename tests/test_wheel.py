"""The package: what its wheel holds, and that it works in a fresh environment, as the README's line does."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from email import message_from_string
from email.message import Message
from importlib.metadata import distribution
from importlib.util import cache_from_source
from pathlib import Path
from zipfile import ZipFile

import hatchling.build
import pytest
from gradio_client import Client
from packaging.requirements import Requirement

from tests.ci import ONLY_IN_CI
from tests.runs import TINY
from tests.server import ROOT, free_port, wait_until_listening
from tinygpt import SampleConfig, __version__, load_checkpoint, stream

INFO = f"tinygpt-{__version__}.dist-info"
README = (ROOT / "README.md").read_text(encoding="utf-8")
only_unix = pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a Unix")


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


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


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
    assert metadata["License-Expression"] == "MIT AND OFL-1.1"
    assert {Path(name).name for name in metadata.get_all("License-File")} == {"LICENSE", "OFL.txt"}


def asked_for(requirements: Iterable[str], extras: Iterable[str] = ()) -> set[tuple[str, frozenset[str]]]:
    """The distributions, each with extras, that requirements name for this system."""
    return {
        (requirement.name, frozenset(requirement.extras))
        for requirement in map(Requirement, requirements)
        if not requirement.marker or any(requirement.marker.evaluate({"extra": each}) for each in ("", *extras))
    }


def link_distribution(name: str, site: Path) -> None:
    """Put the files of a distribution of this environment, and what is compiled of them, into another one."""
    here = str(distribution(name).locate_file(""))
    for file in distribution(name).files:
        for path in (str(file), cache_from_source(str(file))):
            source, target = os.path.join(here, path), os.path.join(site, path)
            if ".." in file.parts or os.path.exists(target) or not os.path.exists(source):
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            try:
                os.link(source, target)
            except OSError:  # the other one is on another disk
                shutil.copy2(source, target)


@pytest.fixture(scope="module")
def programs(wheel: Path, metadata: Message, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds nothing but the wheel and what it asks for.

    The latter is in the environment of the tests already, and is linked: to install it again takes minutes on a slow
    disk. pip replaces linked files and does not write into them, so what a test installs here changes nothing there.
    """
    environment = tmp_path_factory.mktemp("copy") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=120)
    site = next(environment.glob("lib/python*/site-packages"))
    found, missing = set(), asked_for(metadata.get_all("Requires-Dist"))
    while missing:
        found |= missing
        further = (asked_for(distribution(name).requires or (), extras) for name, extras in missing)
        missing = set().union(*further) - found
    for name in {name for name, _ in found}:
        link_distribution(name, site)
    installing = [environment / "bin" / "pip", "install", "-q", "--no-deps", "--no-compile", wheel]
    subprocess.run(installing, check=True, timeout=120)
    subprocess.run([environment / "bin" / "pip", "check"], check=True, timeout=120)  # the versions, too
    return environment / "bin"


@ONLY_IN_CI
@only_unix
def test_the_wheel_brings_all_it_needs_and_its_commands_work_in_an_empty_folder(
    programs: Path, text_file: Path, tmp_path: Path
):
    settings = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    environment = os.environ | settings

    asking = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "check": True, "timeout": 300}
    where = "import sysconfig, tinygpt; print(sysconfig.get_path('purelib'), tinygpt.__file__, sep='\\n')"
    site, module = subprocess.run([programs / "python", "-c", where], **asking).stdout.split()
    assert Path(module).is_relative_to(site)
    ours = {"app.py", "train.py", "tests", "benchmarks", "weights", "docs", "notebooks"}
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
@only_unix
def test_the_readmes_run_line_opens_the_page_in_a_copy_of_the_repository(programs: Path):
    """In the environment of the wheel, which asks for what requirements.txt lists: another would take a minute."""
    copy = programs.parents[1]
    for name in tracked("."):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    port = free_port()
    line = next(line for line in README.splitlines() if re.fullmatch(r"python3 .* && .*app\.py", line))
    with wait_until_listening(["bash", "-c", f"{line} --port {port}"], cwd=copy):
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=30).read().decode()
    assert "tinygpt" in page


@ONLY_IN_CI
@only_unix
def test_a_prepared_spaces_requirements_resolve_and_it_runs_with_all_but_its_torch_and_writes_while_it_compiles(
    programs: Path, called, tmp_path: Path
):
    space, compiled, report = tmp_path / "space", tmp_path / "numba", tmp_path / "report.json"
    assert called("tinygpt.hub", "space", "ann/play", "--dry-run", space).returncode == 0
    pip = [programs / "pip", "-q"]
    subprocess.run([*pip, "uninstall", "-y", "tinygpt"], check=True, timeout=60)  # a Space holds the code itself
    required = space / "requirements.txt"
    # Of gigabytes of CUDA libraries, only what they ask for is downloaded; by older versions of pip, all.
    subprocess.run([programs / "python", "-m", "pip", "install", "-q", "--upgrade", "pip>=25"], check=True, timeout=180)
    resolving = ["install", "--dry-run", "--use-feature=fast-deps", "--report", report, "-r", required]
    subprocess.run([*pip, *resolving], check=True, timeout=180)
    found = [each["metadata"] for each in json.loads(report.read_text(encoding="utf-8"))["install"]]
    versions = {each["name"]: each["version"] for each in found}
    assert versions.get("torch", "2.10").startswith(("2.10", "2.11"))
    # Run with the torch that is there: that of a Space brings gigabytes of CUDA libraries.
    others = [line for line in required.read_text(encoding="utf-8").splitlines() if not line.startswith("torch")]
    subprocess.run([*pip, "install", "--no-compile", "spaces>=0.51,<1", *others], check=True, timeout=180)
    port = 7860 if port_is_free(7860) else free_port()  # on the Hub the former
    variables = {
        "SYSTEM": "spaces",
        "SPACE_ID": "ann/play",
        "SPACE_HOST": "ann-play.hf.space",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
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
