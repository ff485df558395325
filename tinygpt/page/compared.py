"""What the tab Compare compares: temperatures, or two settings."""

from html import escape
from string import Template
from typing import Any

from tinygpt.page.labels import LABELS, STRATEGIES
from tinygpt.request import bounds, default
from tinygpt.system.package import PACKAGE

SETTINGS = ("strategy", "temperature", "top_k", "top_p")  # the fields of a request in which two texts may differ
TEMPERATURES = "0, 0.5, 0.8, 1.2"
SIDES = {"left": {"temperature": 1.2}, "right": {"temperature": 1.2, "top_k": 5}}  # the settings that it opens with


def compared() -> str:
    """Its controls as HTML. tinygpt/web/compared.js makes them work."""
    sides = {side: "".join(_control(name, chosen.get(name)) for name in SETTINGS) for side, chosen in SIDES.items()}
    template = Template((PACKAGE / "web/compared.html").read_text(encoding="utf-8"))
    return template.substitute(sides, temperatures=TEMPERATURES)


def _control(name: str, value: Any) -> str:
    """The control for a field. It is left empty for the field's default, which it then shows."""
    if name == "strategy":
        values = [(option, "" if option == default(name) else option) for option in bounds(name).options]
        options = "".join(f'<option value="{value}">{STRATEGIES[option]}</option>' for option, value in values)
        return f'<label>{LABELS[name]}<select name="{name}" autocomplete="off">{options}</select></label>'
    shown = "all" if default(name) is None else default(name)
    attributes = f'name="{name}" value="{"" if value is None else value}" placeholder="{escape(str(shown))}"'
    return f'<label>{LABELS[name]}<input inputmode="decimal" autocomplete="off" {attributes}></label>'
