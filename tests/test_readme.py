"""The README does what it says: its lines and snippets are run as they stand."""

import json
import re
import shlex
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.server import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_python_snippets_run(address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    snippets = blocks("python")
    assert len(snippets) == 2
    monkeypatch.chdir(ROOT)
    for snippet in snippets:
        exec(snippet.replace("http://127.0.0.1:7860", address), names := {})
    assert len(capsys.readouterr().out) >= 200
    assert len(names["text"]) == 200


def test_the_terminal_examples_run(called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    examples = [line for block in blocks("bash") for line in block.splitlines() if "-m tinygpt " in line]
    assert len(examples) == 2
    monkeypatch.chdir(tmp_path)
    for line in examples:
        echo, _, command = line.rpartition(" | ")
        python, m, module, *flags = shlex.split(command)
        assert (python, m) == ("python", "-m")
        done = called(module, *flags, piped=" ".join(shlex.split(echo)[1:]) + "\n")
        assert done.returncode == 0, done.stderr
        assert len(done.stdout) > 300
    assert "KING RICHARD:\n\n---- CONTINUATION" in (tmp_path / "output.txt").read_text(encoding="utf-8")


def test_the_sample_is_what_the_shipped_weights_write(called):
    sample = next(block for block in blocks("text") if block.startswith("JULIET:"))
    line = re.search(r"`python -m tinygpt (--prompt .*?)`", README)[1]
    assert called("tinygpt", *shlex.split(line)).stdout.rstrip("\n") == sample.rstrip("\n")


@pytest.mark.parametrize("route", ["runs", "run-history/buckets", "run-history/records?bucket=user/name"])
def test_routes_that_security_says_are_off_are_not_there(address: str, route: str):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/gradio_api/{route}", timeout=30)
    assert refused.value.code in (403, 404)  # 401 would ask for a token


def test_it_is_short():
    assert len(README.split()) <= 1300


def test_the_reading_path_is_at_most_1500_lines():
    path = re.findall(r"^\| \[`[^`]*`\]\((tinygpt/\S*\.py)\)", README, flags=re.MULTILINE)
    assert len(path) >= 10
    assert sum(len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in path) <= 1500


def test_every_folder_of_the_tree_is_there_and_none_is_left_out():
    tree = next(block for block in blocks("text") if "app.py" in block)
    folders = {path.name for path in (ROOT / "tinygpt").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(re.findall(r"^  (\w+)/", tree, flags=re.MULTILINE)) == folders
    assert all((ROOT / name).is_dir() for name in re.findall(r"^(\w+)/", tree, flags=re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_every_link_to_a_file_leads_there(document: Path):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_flag_and_module_that_the_documents_name_exists(called):
    programs = (ROOT / "app.py", ROOT / "train.py", "tinygpt")
    helps = [called(program, "--help").stdout for program in programs]
    helps += [called("tinygpt.hub", command, "--help").stdout for command in ("prepare", "push", "space")]
    helps += [called("tinygpt.export", "static", "--help").stdout]
    flags = set(re.findall(r"--[a-z][a-z-]+", " ".join(helps)))
    foreign = {
        "--extra-index-url",
        "--nproc_per_node",
        "--include",
        "--revision",
        "--check",
        "--type",
        "--max-model-len",
    }
    for document in DOCUMENTS:
        if document.name == "benchmarks.md":
            continue  # benchmarks have flags of their own
        text = document.read_text(encoding="utf-8")
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z_-]+", text)) <= flags | foreign, document
    modules = {name for path in DOCUMENTS for name in re.findall(r"-m benchmarks\.(\w+)", path.read_text("utf-8"))}
    assert modules
    assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in modules)


def test_the_published_loss_is_the_one_in_the_config():
    loss = json.loads((ROOT / "weights" / "config.json").read_text(encoding="utf-8"))["validation_loss"]
    assert f"**{loss:.4f}** nats" in README
