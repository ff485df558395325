"""The package layout: who may import whom, what stays small, and what the page starts without."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from importlinter.cli import lint_imports

import tinygpt

ROOT = Path(__file__).parent.parent
PACKAGE, TESTS = ROOT / "tinygpt", ROOT / "tests"
SUBPACKAGES = sorted(path.parent for path in PACKAGE.glob("*/**/__init__.py"))


def test_imports_follow_the_layers_in_pyproject(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)  # it would silence all loggers of this process
    assert lint_imports(no_cache=True, no_logo=True) == 0, capsys.readouterr().out


@pytest.mark.parametrize("folder", SUBPACKAGES, ids=lambda folder: folder.relative_to(PACKAGE).as_posix())
def test_a_subpackage_says_in_two_or_three_lines_what_it_holds_and_imports_nothing(folder: Path):
    module = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    lines = [line for line in (ast.get_docstring(module) or "").splitlines() if line]
    assert len(lines) in (2, 3)
    assert len(module.body) == 1, "an __init__.py holds nothing but its docstring"


def test_the_top_of_the_package_holds_at_most_nine_modules():
    assert len(list(PACKAGE.glob("*.py"))) <= 9


def test_the_front_end_is_files_only():
    assert [path.name for path in (PACKAGE / "web").rglob("*.py")] == ["__init__.py"]


def test_no_file_is_longer_than_300_lines():
    files = [ROOT / "app.py", ROOT / "train.py", *PACKAGE.rglob("*.py"), *TESTS.rglob("*.py")]
    files.remove(PACKAGE / "engines" / "kernels.py")  # numba's cache watches one file, so the kernels share one
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_the_tests_mirror_the_subpackages():
    tested = {path.parent.relative_to(TESTS).as_posix() for path in TESTS.glob("*/**/test_*.py")}
    subpackages = {folder.relative_to(PACKAGE).as_posix() for folder in SUBPACKAGES}
    # web/ holds no Python: it is tested in browser/.
    assert tested - {"benchmarks", "browser"} == subpackages - {"web"}


def test_a_module_of_the_page_is_tested_in_the_folder_of_its_name():
    modules = {path.relative_to(PACKAGE) for path in (PACKAGE / "ui").rglob("*.py")}
    tests = {path.relative_to(TESTS) for path in (TESTS / "ui").rglob("test_*.py")}
    assert {test.with_name(test.name.removeprefix("test_")) for test in tests} <= modules


def test_the_citation_and_the_changelog_name_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == tinygpt.__version__
    assert f"\n## {tinygpt.__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_workflow_runs_the_oldest_and_the_newest_python_that_are_promised():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["ci"]["strategy"]["matrix"]
    promised = re.search(r"with Python (\S+) to (\S+),", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert matrix["python"] == list(promised.groups())
    assert {os.split("-")[0] for os in matrix["os"]} == {"ubuntu", "macos", "windows"}
    steps = {step.get("if"): step["run"] for step in workflow["jobs"]["ci"]["steps"] if "run" in step}
    assert steps["runner.os != 'Windows'"] == ".ci/run"
    assert steps["runner.os == 'Windows'"].endswith("python -m pytest\n")


def test_every_public_name_is_there():
    assert [name for name in tinygpt.__all__ if not hasattr(tinygpt, name)] == []
    assert set(tinygpt.__all__) <= set(dir(tinygpt))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(tinygpt, "nonsense")  # noqa: B009


def test_the_page_starts_without_torch_or_numba_and_text_is_generated_without_torch():
    starting = """
import sys, tinygpt.commands.generate, tinygpt.ui.launch, tinygpt.ui.blocks
assert not {"torch", "numba"} & sys.modules.keys()
from tinygpt import open_checkpoint, stream
assert next(stream(*open_checkpoint("weights"), "ROMEO:"))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", starting], check=True, cwd=ROOT)
