"""The README does what it says: its lines and snippets are run as they stand."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from server import ROOT, free_port, serving, wait_until_listening

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not os.environ.get("CI"), reason="installs everything anew; set CI=true to run it")
def test_the_run_line_opens_the_page_in_a_fresh_copy(tmp_path: Path):
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    port = free_port()
    line = next(line for block in blocks("bash") for line in block.splitlines() if line.endswith("app.py"))
    with wait_until_listening(["bash", "-c", f"{line} --port {port}"], cwd=tmp_path):
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=30).read().decode()
    assert "tinygpt" in page


def test_the_python_snippets_run(tmp_path: Path):
    snippets = blocks("python")
    assert len(snippets) == 2
    with serving() as address:
        for snippet in snippets:
            code = snippet.replace("http://127.0.0.1:7860", address)
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_the_terminal_examples_run(tmp_path: Path):
    examples = [line for block in blocks("bash") for line in block.splitlines() if "-m tinygpt" in line]
    assert len(examples) == 2
    for line in examples:
        command = line.replace("python -m", f"{shlex.quote(sys.executable)} -m")
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout) > 300
    assert "CONTINUATION" in (tmp_path / "output.txt").read_text()


def test_every_file_of_the_tree_is_there_and_none_is_left_out():
    tree = next(block for block in blocks("text") if "app.py" in block)
    named = set(re.findall(r"^  (\w+\.py)", tree, flags=re.MULTILINE))
    assert named | {"__init__.py"} == {path.name for path in (ROOT / "tinygpt").glob("*.py")}


def test_the_published_loss_is_the_one_in_the_config():
    loss = json.loads((ROOT / "weights" / "config.json").read_text(encoding="utf-8"))["validation_loss"]
    assert f"**{loss:.4f}** nats" in README
