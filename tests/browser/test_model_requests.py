"""The browser takes and refuses what Python does of a request and of a share link, in the same words."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.server import ROOT
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.export.static_page import page_config
from tinygpt.request import GenerationRequest
from tinygpt.ui.components.controls import request_of
from tinygpt.ui.components.status import refusal
from tinygpt.ui.services.share_link import ShareLink, read_share_link

BOUNDS = page_config(ROOT / "weights", read_checkpoint(ROOT / "weights"))["bounds"]
ODD = [None, True, "", " ", "x", "7", " 7 ", 'it\'s "so"\n\u202e🙂\ud800', [1, "a", None], {"a": [1]}]
VALUES = {
    "prompt": ["", "x" * 10_000, "🙂" * 10_000, "x" * 10_001, 5, 0.5, *ODD],
    "length": [1, 5_000, 0, -1, 5_001, 10**9, 2.5, math.nan, *ODD],
    "temperature": [0, 2, 0.5, 1e-9, -0.1, 2.1, math.inf, -math.inf, math.nan, *ODD],
    "top_k": [1, 65, 64, 0, -1, 2.5, *ODD],
    "top_p": [1, 0.3, 5e-324, 0, -0.5, 1.01, math.nan, *(each for each in ODD if each is not True)],  # 1, for Python
    "seed": [0, 7, -1, 1.5, str(2**64 - 1), str(2**64), "007", "-1", "1.5", "²", "9" * 30, *ODD],
    "stop": ["🙂", "x" * 100, "x" * 101, 7, *ODD],
    "strategy": ["sample", "greedy", "beam", "magic", *ODD],
    "beam_width": [1, 8, 0, 9, 1.5, *ODD],
}
FORM = {name: field["default"] for name, field in BOUNDS.items()} | {"top_k": 65, "top_p": 1, "seed": "", "stop": ""}
SHA256 = "0123456789ab" + "0" * 52
LINK = {"prompt": "A 🙂", "seed": "7", "weights_sha256": SHA256, "forced": [[3, "x"], [0, "🙂"]]}
LINKS = [  # with a field that is wrong, and what is no link at all
    *(
        json.dumps(LINK | wrong)
        for wrong in (
            *({"length": 5001}, {"seed": None}, {"seed": ""}, {"weights_sha256": 5}, {"weights_sha256": "abc"}),
            *({"weights_sha256": "a" * 65}, {"weights_sha256": None}, {"more": 1, "Less": "x" * 99}, {"beam_width": 9}),
            *({"forced": [[0, "ab"]]}, {"forced": [[0, ""]]}, {"forced": [[-1, "a"]]}, {"forced": {"1": "a"}}),
            *({"forced": [[True, "a"]]}, {"forced": [["0", "a"]]}, {"forced": [[5000, "a"]]}, {"forced": 7}),
            *({"forced": [[0, "a"], [0, "b"]]}, {"forced": [[0.5, "a"]]}, {"forced": [[0, "a", 1]]}),
        )
    ),
    *("{", "[]", "null", "7", "#a", "#length=x", "#temperature=nan", "#top_p= 1", "#forced=[", "#constructor=1"),
    *(f"#seed=7&weights_sha256={SHA256[:12]}{more}" for more in ("", "&prompt", "&prompt=%FF", "&seed=8", "&a=b", "&")),
    json.dumps(LINK)[:-5],
]


@pytest.fixture(scope="module")
def run(modules):
    return modules("model/request", "model/share_link", "model/status")


def in_python(call: Callable[[], Any]) -> Any:
    """What a call returns, or the lines that say why not."""
    try:
        return call()
    except ValueError as error:
        return [list(line) for line in refusal(error)]


def test_the_form_s_values_make_the_same_request_or_are_refused_in_the_same_words(run):
    forms = [FORM | {name: value} for name, values in VALUES.items() for value in values]
    forms += [FORM | {"strategy": "beam", "beam_width": width} for width in (None, 0, 3)]
    script = """({ requestOf, refusal }, [bounds, forms]) => forms.map((form) => {
        try {
            const request = requestOf(bounds, 65, form);
            return [{ ...request, seed: null }, request.seed];
        } catch (error) { return [refusal(error), null] }
    })"""
    found = run(script, [BOUNDS, forms])
    expected = [in_python(lambda form=form: request_of(form, 65)) for form in forms]
    for form, (request, seed), wanted in zip(forms, found, expected, strict=True):
        if isinstance(wanted, GenerationRequest):
            assert request == asdict(wanted) | {"seed": None}, repr(form)
            assert seed == (None if wanted.seed is None else str(wanted.seed)), repr(form)
        else:
            assert request == wanted, repr(form)


def links() -> list[str]:
    """Links of all kinds, some of which are damaged, the same ones every time."""
    pick = random.Random(9)

    def change(link: str) -> str:
        first, end = sorted(pick.randint(0, len(link)) for _ in range(2))
        return link[:first] + pick.choice(["", "&", "=", "%C3", "+", "1", "é", "&a=b"]) + link[min(end, first + 3) :]

    request = GenerationRequest(prompt="é&= \n", seed=2**64 - 1, top_p=0.25, stop="%", strategy="beam")
    whole = [ShareLink(request, SHA256, {3: "\n", 0: "é"}), ShareLink(replace(request, strategy="greedy"), SHA256[:12])]
    forms = [form for link in whole for form in (link.fragment(), link.json())]
    return LINKS + forms + [change(form) for form in forms for _ in range(40)]


def test_links_are_read_or_refused_in_the_same_words(run):
    script = """({ readShareLink, fieldsOf, refusal }, [bounds, links]) => links.map((link) => {
        try { return JSON.stringify(fieldsOf(readShareLink(bounds, link))) } catch (error) { return refusal(error) }
    })"""
    expected = [in_python(lambda link=link: read_share_link(link)) for link in links()]
    for link, found, wanted in zip(links(), run(script, [BOUNDS, links()]), expected, strict=True):
        assert (read_share_link(found) if isinstance(wanted, ShareLink) else found) == wanted, repr(link)
    assert 20 < sum(isinstance(wanted, ShareLink) for wanted in expected) < len(expected) - 60
