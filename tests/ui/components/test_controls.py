"""The controls follow the weights in the menu, and a share link sets them all."""

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest
from gradio.block_function import BlockFunction

from tinygpt import TextEncoderDecoder, save_checkpoint
from tinygpt.page.examples import EXAMPLES
from tinygpt.request import GenerationRequest
from tinygpt.ui.blocks import build as build_page
from tinygpt.ui.components.controls import control_values
from tinygpt.ui.services.latest_call import LatestCall
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.share_link import ShareLink

VALID = f"#seed=1&weights_sha256={12 * '0'}"
OTHER = "abc \n"  # the vocabulary of the other weights


@pytest.fixture(scope="module")
def registry(weights, build, tmp_path_factory) -> Registry:
    folder = tmp_path_factory.mktemp("other")
    save_checkpoint(folder, build(vocab_size=len(OTHER)), TextEncoderDecoder(OTHER))
    registry = Registry(Session(weights, "cpu"))
    registry.add("other", folder)
    return registry


@pytest.fixture(scope="module")
def page(registry) -> gr.Blocks:
    return build_page(registry)


def event(page: gr.Blocks, name: str) -> BlockFunction:
    return next(function for function in page.fns.values() if function.name == name)


def link_to(registry: Registry, name: str, **changes: Any) -> ShareLink:
    request = GenerationRequest(**{"prompt": "abc", "length": 5, "seed": 1} | changes)
    return ShareLink(request, registry[name].facts["weights_sha256"])


def opened(page: gr.Blocks, link: ShareLink) -> list[dict]:
    """The updates of the page while a visitor opens a share link, with the main weights in the menu."""
    return list(event(page, "open_link").fn(MAIN, LatestCall(), gr.EventData(None, {"call": 1, "link": link.json()})))


@pytest.mark.parametrize(
    ("prompt", "top_k", "new_top_k"), [("my own", 60, len(OTHER)), ("my own", 3, 3), (EXAMPLES[1], 10**6, len(OTHER))]
)
def test_other_weights_in_the_menu_bound_top_k_and_replace_an_example_alone(page, prompt, top_k, new_top_k):
    adapt = event(page, "adapt")
    _, fitted, prompt_box, slider = adapt.inputs
    changes = adapt.fn("other", MAIN, prompt, top_k)
    assert (changes[slider]["value"], changes[slider]["maximum"]) == (new_top_k, len(OTHER))
    assert changes[prompt_box] == (EXAMPLES[0] if prompt in EXAMPLES else gr.skip())
    assert changes[fitted] == "other"


def test_a_share_link_sets_all_controls_and_the_menus_event_after_it_changes_neither_prompt_nor_top_k(registry, page):
    link = link_to(registry, "other", top_k=3, temperature=0.5, stop="c a")
    adapt = event(page, "adapt")
    menu, fitted, prompt_box, slider = adapt.inputs
    first, *_, last = opened(page, link)
    assert first[menu]["value"] == first[fitted] == "other"
    assert (first[slider]["value"], first[slider]["maximum"]) == (3, len(OTHER))
    shown = dict(zip(control_values(link.request, len(OTHER)), event(page, "open_link").outputs, strict=False))
    for name, value in (control_values(link.request, len(OTHER)) | {"seed": ""}).items():
        assert shown[name] is slider or first[shown[name]] == value
    # The page sends the event when the menu has changed, perhaps with a prompt and a top-k from before that.
    changes = adapt.fn(first[menu]["value"], first[fitted], EXAMPLES[0], 10**6)
    assert {prompt_box, slider, fitted}.isdisjoint(changes)
    assert "other weights" not in "".join(map(str, last.values()))


def test_a_share_link_of_weights_that_are_not_there_is_written_by_those_in_the_menu_and_says_so(registry, page):
    first, *_, last = opened(page, replace(link_to(registry, MAIN), weights_sha256="0" * 12))
    menu, fitted, *_ = event(page, "adapt").inputs
    assert first[menu]["value"] == first[fitted] == MAIN
    assert "Other weights wrote" in "".join(map(str, last.values()))


@pytest.mark.parametrize(
    "link", ["", "{", "#a", None, 7, f"{VALID}&top_k=1000", f"{VALID}&forced=[[0,%22%C3%A9%22]]"], ids=str
)
def test_a_malformed_share_link_is_refused_below_the_text_and_changes_nothing_else(page, link):
    (changes,) = event(page, "open_link").fn(MAIN, LatestCall(), gr.EventData(None, {"call": 1, "link": link}))
    ((component, data),) = changes.items()
    assert component.elem_id == "output"
    assert data.keys() == {"call", "status"}
