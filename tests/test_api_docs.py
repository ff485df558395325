"""docs/api.md does what it says: its examples are run as they stand, some by tests/browser and tests/ui/middleware."""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pytest

from tests.ci import ONLY_IN_CI
from tests.documents import examples, install_client, output
from tests.server import ROOT
from tinygpt.request import GenerationRequest, ProbabilitiesRequest, names

DOCUMENT = "docs/api.md"
needs = {
    program: pytest.mark.skipif(not shutil.which(program), reason=f"this machine has no {program}")
    for program in ("bash", "curl", "node")
}


def assert_probable(candidates: Sequence[dict]) -> None:
    """These are three candidates, the likeliest first."""
    assert [set(each) for each in candidates] == 3 * [{"character", "probability"}]
    chances = [each["probability"] for each in candidates]
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1


def test_the_table_of_arguments_is_what_is_declared():
    declared = {each.name: each for request in (ProbabilitiesRequest, GenerationRequest) for each in fields(request)}
    rows = []
    for name in dict.fromkeys(names() + names(ProbabilitiesRequest)):
        each, both = declared[name], name in names() and name in names(ProbabilitiesRequest)
        of = "both" if both else "`/generate`" if name in names() else "`/probabilities`"
        default = "required" if name == "prompt" else "null" if each.default is None else each.default
        rows.append(f"| `{name}` | {of} | {default} | {each.metadata['bounds']} | {each.metadata['help']} |")
    table = [line for line in (ROOT / DOCUMENT).read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert table == rows


def test_the_python_example_runs(address: str):
    (example,) = examples(DOCUMENT, "python", address)
    exec(example, told := {})
    assert len(told["text"]) == 200
    assert_probable(told["candidates"])
    assert len(told["so_far"]) == 500


@pytest.mark.skipif(sys.platform == "win32", reason="the lines are for the shell of a Unix")
@needs["bash"]
@needs["curl"]
def test_the_shell_example_runs(address: str, tmp_path: Path):
    (example,) = (each for each in examples(DOCUMENT, "bash", address) if "ROMEO" in each)
    *_, last, data = output("bash", "-euo", "pipefail", "-c", example, cwd=tmp_path).strip().splitlines()
    assert last == "event: complete"
    (text,) = json.loads(data.removeprefix("data: "))
    assert len(text) == 500


@ONLY_IN_CI
@needs["node"]
def test_the_javascript_example_runs(address: str, tmp_path: Path):
    (example,) = examples(DOCUMENT, "js", address)
    install_client(tmp_path)
    (tmp_path / "example.mjs").write_text(example, encoding="utf-8")
    printed = output("node", "example.mjs", cwd=tmp_path)
    assert printed.count("probability") == 3
    assert len(printed.rpartition("]")[2]) > 200
