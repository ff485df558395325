"""The notebook builds a GPT from a copy of the repository, and leaves nothing behind."""

import json
import os
import re
import subprocess
import sys

from tests.corpus import NEEDS_CORPUS
from tests.server import ROOT

NOTEBOOK = ROOT / "notebooks" / "build_a_gpt.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


@NEEDS_CORPUS
def test_every_part_is_trained_and_the_whole_model_predicts_better_than_pairs_of_letters():
    code = "\n".join("".join(cell["source"]) for cell in CODE)
    code, changed = re.subn(r"^STEPS = \d+", "STEPS = 60", code, flags=re.MULTILINE)
    assert changed == 1
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=NOTEBOOK.parent,  # as Jupyter does
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    losses = [float(loss) for loss in re.findall(r"^at the end: loss ([\d.]+)$", done.stdout, flags=re.MULTILINE)]
    assert len(losses) == 6
    assert losses[-1] == min(losses)
    assert losses[-1] < losses[0]


def test_it_is_committed_without_outputs():
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CODE)
