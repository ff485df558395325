"""The output of the tab Write: the pane of the text, what can be done with it, and what is folded below."""

from tinygpt.system.package import PACKAGE


def output() -> str:
    """The output as HTML, empty. tinygpt/web/tabs/write.js makes it work."""
    return (PACKAGE / "web/output.html").read_text(encoding="utf-8")
