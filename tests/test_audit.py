"""CI's look for known vulnerabilities: it fails for them, and for nothing else."""

import json
import re
import runpy
from pathlib import Path

import pytest

from tests.server import ROOT

AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
NOT_FOUND = {"name": "ours", "skip_reason": "Dependency not found"}
FINE = {"name": "tqdm", "version": "4.70.0", "vulns": []}
PROBLEM = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["4.66.3"]}
VULNERABLE = {"name": "tqdm", "version": "4.66.0", "vulns": [PROBLEM]}


@pytest.fixture
def pip_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """pip_audit(code) puts a program in the place of pip-audit, which would ask the network, and pip in that of pip."""

    def replace(code: str, pip: str = "") -> None:
        (tmp_path / "pip_audit.py").write_text(code, encoding="utf-8")
        (tmp_path / "pip.py").write_text(pip, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return replace


@pytest.mark.parametrize(
    ("packages", "status", "printed"),
    [
        ([FINE, NOT_FOUND], 0, "0 vulnerabilities known; 1 of 2 packages not looked up"),
        ([FINE, VULNERABLE], 1, "tqdm 4.66.0: PYSEC-1, CVE-1; fixed in 4.66.3"),
        ([NOT_FOUND], 0, "skipped: nothing is known about any of 1 packages (Dependency not found)"),
        ([], 0, "skipped"),
    ],
    ids=["none", "one", "an index that knows no package", "no packages"],
)
def test_it_fails_for_a_vulnerability_alone(pip_audit, capsys, packages: list, status: int, printed: str):
    pip_audit(f"import sys; print({json.dumps({'dependencies': packages})!r}); sys.exit({status})")
    assert AUDIT["main"]() == status
    assert printed in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "pip", "reason"),
    [
        ("import sys; sys.exit('retrying\\nConnectionError: no route')", "", "ConnectionError: no route"),
        ("import sys; sys.exit(1)", "", "it said nothing"),
        ("", "import sys; sys.exit('no such package')", "it cannot be installed (no such package)"),
    ],
)
def test_without_a_network_it_says_why_it_was_skipped(pip_audit, capsys, code: str, pip: str, reason: str):
    pip_audit(code, pip)
    assert AUDIT["main"]() == 0
    assert capsys.readouterr().out == f"pip-audit skipped: {reason}\n"


def test_an_index_that_does_not_answer_in_time_is_not_waited_for(pip_audit, capsys, monkeypatch):
    monkeypatch.setitem(AUDIT["main"].__globals__, "TIMEOUT", 0.3)
    pip_audit("import threading; threading.Event().wait()")
    assert AUDIT["main"]() == 0
    assert capsys.readouterr().out == "pip-audit skipped: it took more than 0.3 seconds\n"


def test_what_is_accepted_is_explained_and_nothing_else_ignored(pip_audit, capsys):
    pip_audit(
        "import json, sys; print(json.dumps({'dependencies': [{'name': 'us', 'skip_reason': ' '.join(sys.argv)}]}))"
    )
    AUDIT["main"]()
    assert tuple(re.findall(r"--ignore-vuln=([\w-]+)", capsys.readouterr().out)) == AUDIT["ACCEPTED"]
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert [advisory for advisory in AUDIT["ACCEPTED"] if advisory not in security] == []
