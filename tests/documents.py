"""What the documents show: tests run it as it stands."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.ci import skip
from tests.server import ROOT

CLIENT = "@gradio/client@2.7.0"
ADDRESS = "http://127.0.0.1:7860"  # of the page, in all of them


def examples(document: str, language: str, address: str = ADDRESS) -> list[str]:
    """The code blocks in a language, with the address of a page that runs in the place of the one that is written."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [block.replace(ADDRESS, address) for block in blocks]


def output(*command: object, cwd: Path) -> str:
    """What a command prints, if it succeeds."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def install_client(folder: Path) -> None:
    """Install gradio's client for JavaScript in a folder; skip the test where it cannot be had, but not under CI."""
    npm = shutil.which("npm")
    if npm is None:
        skip("this machine has no npm")
    try:
        output(npm, "install", "--no-audit", "--no-fund", "--fetch-retries=0", CLIENT, cwd=folder)
    except AssertionError as error:
        skip(f"npm could not install {CLIENT}: {error}")
