"""The page without a server: a folder of files with which a visitor's own browser runs the model."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from tinygpt.checkpoint.reading import Checkpoint
from tinygpt.export.cards import static_card
from tinygpt.export.front_end_files import front_end_files
from tinygpt.export.static_document import static_document
from tinygpt.export.weights_file import weights_file
from tinygpt.inference.sample import opening_sample
from tinygpt.model.parameter_shapes import count_parameters
from tinygpt.page.examples import examples_for, label
from tinygpt.page.footer import footer
from tinygpt.page.icons import icon_tags, web_manifest
from tinygpt.page.masthead import masthead
from tinygpt.page.preview import BACKGROUNDS, IMAGE, Preview
from tinygpt.request import GenerationRequest
from tinygpt.system.package import PACKAGE, license_file

MAX_WEIGHTS_BYTES = 64 * 1024 * 1024

_WEB = PACKAGE / "web"
_DOCUMENT, _SERVICE_WORKER, _MANIFEST = "index.html", "service_worker.js", "manifest.json"
_EXACT = 2**53  # up to here, JavaScript's numbers hold every whole number


def static_page(weights: Path, checkpoint: Checkpoint, *, url: str | None = None) -> dict[str, bytes]:
    """The files of the page with the checkpoint in the folder `weights`, by their names.

    `url` is the address that the page will have: without it, links to the page are shown without a picture.

    Raises ValueError for a checkpoint that is too large for browsers and for what is no URL, and OSError.
    """
    preview = Preview(checkpoint.facts)
    config = page_config(weights, checkpoint)
    examples = [[label(each), each] for each in examples_for(weights, checkpoint.vocabulary)]
    document = static_document(
        head=f"{preview.tags(_address(url), IMAGE)}\n{icon_tags('web')}",
        masthead=masthead(count_parameters(checkpoint.config), checkpoint.facts),
        footer=footer({}),
        vocab_size=checkpoint.config.vocab_size,
        prompt=config["sample"]["request"]["prompt"] if config["sample"] else examples[0][1],
        examples=examples,
    )
    manifest = _json(web_manifest(preview.title, folder="web", background=BACKGROUNDS["light"]))
    loaded = {
        _DOCUMENT: document.encode(),
        _MANIFEST: manifest.encode(),
        "model/config.json": _json(config).encode(),
        "model/weights.bin": _weights(checkpoint),
        **front_end_files((document, manifest), beside=(_SERVICE_WORKER,)),
    }
    return loaded | {
        _SERVICE_WORKER: service_worker(loaded).encode(),
        "README.md": static_card(checkpoint, preview.title).encode(),
        "LICENSE": license_file().read_bytes(),
        **({IMAGE: (_WEB / IMAGE).read_bytes()} if url else {}),
    }


def page_config(weights: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """What the page knows of a checkpoint and of what can be asked for, in model/config.json."""
    config, facts = checkpoint.config, checkpoint.facts
    sample = opening_sample(weights, checkpoint)
    return {
        "model": asdict(config) | {"head_size": config.head_size, "hidden": config.hidden},
        "vocabulary": checkpoint.vocabulary,
        "facts": {"weights_sha256": facts["weights_sha256"], "teachers": len(facts.get("teachers_sha256", []))},
        "bounds": {each.name: _declared(each.default, each.metadata) for each in fields(GenerationRequest)},
        "sample": json.loads(sample.json()) if sample else None,
    }


def service_worker(files: Mapping[str, bytes]) -> str:
    """The script that keeps files in the browser, so that the page opens without a network. It changes with them."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + hashlib.sha256(content).digest())
    # The document is asked for by the folder's own address: servers may redirect its name to that.
    names = ["./", *(name for name in files if name != _DOCUMENT)]
    return _filled(_SERVICE_WORKER, version=digest.hexdigest()[:16], files=" ".join(names))


def _weights(checkpoint: Checkpoint) -> bytes:
    content = weights_file(dict(sorted(checkpoint.tensors.items())))  # they are read in any order
    if len(content) > MAX_WEIGHTS_BYTES:
        raise ValueError(
            f"the weights take {len(content):,} bytes, which every visitor has to download before the page can write; "
            f"at most {MAX_WEIGHTS_BYTES:,} are allowed: export a smaller model, or serve this one with the app"
        )
    return content


def _declared(default: object, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A field of a request as JSON: its default and its bounds."""
    bounds = metadata["bounds"]
    limits = {name: str(limit) if _is_large(limit) else limit for name, limit in asdict(bounds).items()}
    kind = type(bounds).__name__.lower()
    return {"default": default, "kind": kind, **limits, "optional": metadata["optional"]}


def _is_large(limit: object) -> bool:
    return isinstance(limit, int) and limit > _EXACT


def _address(url: str | None) -> str | None:
    """A URL without its final slash. Raises ValueError for one that browsers do not open."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"the address of the page must begin with https:// or http:// and a host, not {url!r:.80}")
    return url.rstrip("/")


def _filled(name: str, **values: str) -> str:
    """A file of tinygpt/web/static_page with values in place of its $names."""
    return Template((_WEB / "static_page" / name).read_text(encoding="utf-8")).substitute(values)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
