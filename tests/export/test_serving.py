"""What is exported for the transformers library is served by it as other models are."""

import json
import urllib.request

from tests.ci import ONLY_IN_CI, needed
from tests.server import free_port
from tinygpt import SampleConfig, open_checkpoint, stream
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.export.to_transformers import export_transformers
from tinygpt.flags import SHIPPED

for package in ("transformers", "openai", "accelerate"):
    needed(package)


@ONLY_IN_CI
def test_transformers_serve_answers_a_completion(start, tmp_path):
    folder, port = tmp_path / "out", free_port()
    folder.mkdir()
    export_transformers(read_checkpoint(SHIPPED), folder)
    process = start("-m", "transformers.cli.transformers", "serve", folder, "--port", port)
    log = []
    while not log or "Uvicorn running" not in log[-1]:
        log.append(process.stderr.readline())
        assert log[-1], f"it ended before it listened:\n{''.join(log)}"
    asked = urllib.request.Request(
        f"http://localhost:{port}/v1/completions",
        json.dumps({"model": str(folder), "prompt": "JULIET:", "max_tokens": 60, "temperature": 0}).encode(),
        {"Content-Type": "application/json"},
    )
    answer = json.load(urllib.request.urlopen(asked, timeout=60))
    settings = SampleConfig(max_new_tokens=60, temperature=0)
    assert answer["choices"][0]["text"] == "".join(stream(*open_checkpoint(SHIPPED), "JULIET:", settings))
