"""The document of the page without a server: its HTML, filled in for some weights."""

from collections.abc import Sequence
from html import escape
from string import Template

from tinygpt.page.compared import compared
from tinygpt.page.labels import STRATEGY_INFO
from tinygpt.page.output import output
from tinygpt.page.sliders import Slider, sliders
from tinygpt.system.package import PACKAGE

_DOCUMENT = PACKAGE / "web/static_page/index.html"


def static_document(
    *, head: str, masthead: str, footer: str, vocab_size: int, prompt: str, examples: Sequence[tuple[str, str]]
) -> str:
    """The HTML of the page.

    Args:
        head, masthead, footer: parts of it, as HTML.
        vocab_size: the right end of the slider for top-k.
        prompt: what the form begins with.
        examples: the label and the text of other prompts.
    """
    controls = {name: _slider(name, slider) for name, slider in sliders(vocab_size).items()}
    buttons = [
        f'<button type="button" data-prompt="{escape(text)}">{escape(label)}</button>' for label, text in examples
    ]
    return Template(_DOCUMENT.read_text(encoding="utf-8")).substitute(
        controls,
        head=head,
        masthead=masthead,
        footer=footer,
        output=output(),
        strategy=STRATEGY_INFO,
        compared=compared(),
        prompt=escape(f"\n{prompt}"),  # the first newline in a textarea is no part of its text
        examples="".join(buttons),
    )


def _slider(name: str, slider: Slider) -> str:
    """A slider as HTML: a number field, which has the name, and a range that follows it."""
    id = name.replace("_", "-")
    limits = f'min="{slider.minimum:g}" max="{slider.maximum:g}" step="{slider.step:g}" value="{slider.value:g}"'
    return (
        '<div class="block slider"><div class="head">'
        f'<label for="{id}"><span>{slider.label}</span></label><span class="info-text">{slider.info}</span>'
        f'<span class="number"><input type="number" name="{name}" aria-label="{slider.label}" {limits}>'
        f'<button type="button" class="reset-button" aria-label="Reset {slider.label}">↺</button></span></div>'
        f'<div class="track"><span aria-hidden="true">{slider.minimum:g}</span><input type="range" id="{id}" {limits}>'
        f'<span aria-hidden="true">{slider.maximum:g}</span></div></div>'
    )
