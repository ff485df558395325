"""The folder of the page without a server: what is in it, for which weights, and what is refused."""

import hashlib
import json
import posixpath
import re
import shlex
import textwrap
from pathlib import Path

import pytest
import yaml

from tests.server import ROOT
from tinygpt.checkpoint.reading import WEIGHTS
from tinygpt.checkpoint.torch_checkpoint import annotate_checkpoint
from tinygpt.data.download import DEFAULT_SHA256
from tinygpt.export import static_page


@pytest.fixture
def export(called, tmp_path):
    """export(weights, ...flags) exports with the command, and returns the files by their names."""

    def run(weights: Path, *flags: str) -> dict[str, bytes]:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        done = called("tinygpt.export", "static", weights, out, *flags)
        assert (done.returncode, done.stderr) == (0, "")
        return files(out)

    return run


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sha256_of(weights: Path) -> str:
    return hashlib.sha256((weights / WEIGHTS).read_bytes()).hexdigest()


def config(exported: dict[str, bytes]) -> dict:
    return json.loads(exported["model/config.json"])


@pytest.mark.parametrize("family", ["gpt", "llama", "qwen3"])
def test_weights_of_every_family_without_a_sample_or_measured_facts_are_exported(save, export, family: str):
    weights, model, tokenizer = save(family)
    exported = export(weights)
    told = config(exported)
    assert told["vocabulary"] == tokenizer.vocabulary
    assert (told["model"]["family"], told["model"]["head_size"]) == (family, model.config.head_size)
    assert told["facts"] == {"weights_sha256": sha256_of(weights), "teachers": 0}
    assert told["sample"] is None
    assert b"tinygpt: a small GPT</title>" in exported["index.html"]


def test_the_shipped_weights_open_with_their_sample_and_make_at_most_6_mb(export):
    exported = export(ROOT / "weights")
    assert sum(map(len, exported.values())) <= 6_000_000
    told, sample = config(exported), json.loads((ROOT / "weights" / "sample.json").read_bytes())
    assert told["sample"] == sample
    assert told["facts"]["teachers"] == 8
    assert b"tinygpt: a small Shakespeare GPT</title>" in exported["index.html"]


def test_a_sample_of_other_weights_is_not_shown_and_the_examples_are_from_the_text(save, export):
    weights, _, _ = save("gpt")
    (weights / "sample.json").write_bytes((ROOT / "weights" / "sample.json").read_bytes())
    (weights / "text.txt").write_text("ab!\nabc abc\n", encoding="utf-8")
    exported = export(weights)
    assert config(exported)["sample"] is None
    buttons = re.findall(r"<button[^>]* data-prompt=\"([^\"]*)\"[^>]*>([^<]*)<", exported["index.html"].decode())
    assert buttons == [("ab!", "ab!"), ("abc abc", "abc abc")]


def test_what_the_page_may_be_asked_for_is_what_the_app_may(save, export):
    bounds = config(export(save("gpt")[0]))["bounds"]
    assert {name: (each["kind"], each.get("low"), each.get("high")) for name, each in bounds.items()} == {
        "prompt": ("text", 0, 10_000),
        "length": ("integer", 1, 5_000),
        "temperature": ("number", 0, 2),
        "top_k": ("integer", 1, None),
        "top_p": ("number", 0, 1),
        "seed": ("seed", 0, str(2**64 - 1)),  # in digits: JavaScript's numbers would change it
        "stop": ("text", 1, 100),
        "strategy": ("choice", None, None),
        "beam_width": ("integer", 1, 8),
    }
    assert bounds["top_p"]["above"]
    assert {name for name, each in bounds.items() if each["optional"]} == {
        "top_k",
        "top_p",
        "seed",
        "stop",
        "beam_width",
    }


def test_all_that_a_module_imports_and_a_stylesheet_loads_is_there(save, export):
    exported = export(save("gpt")[0])
    named = re.compile(r"""(?:from|import) "(\.[^"]+)"|url\("?([^")]+)|new URL\("([^"]+)", import""")
    leads = [
        (name, posixpath.normpath(posixpath.join(posixpath.dirname(name), next(filter(None, match)))))
        for name, content in exported.items()
        if name.endswith((".css", ".js"))
        for match in named.findall(content.decode())
    ]
    assert len(leads) > 100
    assert [(name, target) for name, target in leads if target not in exported] == []


def test_what_the_browser_keeps_is_what_the_page_needs(save, export):
    exported = export(save("gpt")[0])
    (listed,) = re.findall(r'FILES = "(.*)"\.split', exported["service_worker.js"].decode())
    kept = {"index.html" if name == "./" else name for name in listed.split(" ")}
    for_others = {"LICENSE", "README.md", "service_worker.js"}
    assert kept == exported.keys() - for_others
    manifest = json.loads(exported["manifest.json"])
    assert {icon["src"] for icon in manifest["icons"]} <= kept


def test_the_same_weights_make_the_same_folder_and_others_a_new_version(save, export):
    weights, _, _ = save("qwen3")
    before = export(weights)
    assert export(weights) == before
    annotate_checkpoint(weights, data_sha256=DEFAULT_SHA256)
    version = re.compile(rb'VERSION = "(\w{16})"')
    assert version.findall(before["service_worker.js"]) != version.findall(export(weights)["service_worker.js"])


def test_with_its_address_links_to_the_page_are_shown_with_a_picture(save, export):
    weights, _, _ = save("gpt")
    exported = export(weights, "--url", "https://ann.example/play/")
    assert b'<meta property="og:image" content="https://ann.example/play/thumbnail.png">' in exported["index.html"]
    assert exported["thumbnail.png"] == (ROOT / "tinygpt/web/thumbnail.png").read_bytes()
    assert exported.keys() - export(weights).keys() == {"thumbnail.png"}


def test_the_command_prints_the_sizes_and_how_to_try_it(save, called, tmp_path):
    out = tmp_path / "out"
    printed = called("tinygpt.export", "static", save("gpt")[0], out).stdout
    listing, opening = printed.split("\n\n", 1)
    exported = files(out)
    web = sum(len(content) for name, content in exported.items() if name.startswith("web/"))
    assert f"{web:>12,}  {out / 'web'}, {sum(name.startswith('web/') for name in exported)} files" in listing
    assert listing.endswith(f"{sum(map(len, exported.values())):>12,}  in all")
    assert f"python -m http.server -d {out}\n" in opening


@pytest.mark.parametrize("url", ["ann.example/play", "javascript:alert(1)", "https://", ""])
def test_an_address_that_is_none_is_refused(save, called, tmp_path, url: str):
    done = called("tinygpt.export", "static", save("gpt")[0], tmp_path / "out", "--url", url)
    assert done.returncode == 1
    assert done.stderr == (
        f"tinygpt.export: the address of the page must begin with https:// or http:// and a host, not {url!r}\n"
    )
    assert not (tmp_path / "out").exists()


def test_weights_that_are_too_large_for_visitors_are_refused_with_the_reason(save, called, tmp_path, monkeypatch):
    monkeypatch.setattr(static_page, "MAX_WEIGHTS_BYTES", 10_000)
    done = called("tinygpt.export", "static", save("gpt", block_size=1000)[0], tmp_path / "out")
    assert done.returncode == 1
    assert "every visitor has to download" in done.stderr
    assert "at most 10,000" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_workflow_in_the_docs_publishes_what_the_command_writes(save, called, tmp_path):
    documented = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^ *```yaml\n(.*?)^ *```", documented, flags=re.MULTILINE | re.DOTALL)
    workflow = yaml.safe_load(textwrap.dedent(block))
    assert workflow["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    (job,) = workflow["jobs"].values()
    steps = {step["id"]: step for step in job["steps"] if "id" in step}
    assert job["environment"]["url"] == "${{ steps.deployment.outputs.page_url }}"
    assert "deployment" in steps
    (run,) = (step for step in job["steps"] if "tinygpt.export" in step.get("run", ""))
    assert run["env"] == {"URL": "${{ steps.pages.outputs.base_url }}"}
    assert "pages" in steps
    _, _, module, format, weights, folder, *flags = shlex.split(
        run["run"].replace("$URL", "https://ann.github.io/play")
    )
    assert (ROOT / weights / "model.safetensors").exists()
    assert called(module, format, save("gpt")[0], tmp_path / folder, *flags).returncode == 0
    (upload,) = (step["with"]["path"] for step in job["steps"] if "upload-pages-artifact" in step.get("uses", ""))
    assert (tmp_path / upload / "index.html").exists()


def test_it_needs_numpy_and_safetensors_and_no_other_package(save, run, tmp_path):
    script = """if True:
        import sys
        from pathlib import Path
        from tinygpt.export.__main__ import main
        main(["static", *sys.argv[1:]])
        files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
        parts = [Path(file).parts for file in files if "site-packages" in file]
        packages = {part[part.index("site-packages") + 1] for part in parts}
        assert packages <= {"numpy", "safetensors", "_distutils_hack"}, packages
    """
    done = run("-c", script, save("qwen3")[0], tmp_path / "out")
    assert done.returncode == 0, done.stderr
