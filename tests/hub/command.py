"""The command line of tinygpt.hub, to call in the process whose huggingface_hub speaks to our server."""

import io
import runpy
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch


def hub_command(*arguments: object) -> tuple[object, str]:
    """Run python -m tinygpt.hub; return the code or the message with which it exits, and what it prints."""
    out = io.StringIO()
    with patch.object(sys, "argv", ["tinygpt.hub", *map(str, arguments)]), redirect_stdout(out), redirect_stderr(out):
        try:
            runpy.run_module("tinygpt.hub", run_name="__main__", alter_sys=False)
        except SystemExit as end:
            return end.code, out.getvalue()
    return 0, out.getvalue()
