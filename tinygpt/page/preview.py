"""What the page is called, and what is shown of it where somebody posts its address."""

from html import escape
from typing import Any

from tinygpt.data.download import learned_default_text

BACKGROUNDS = {"light": "#f6f1e5", "dark": "#15120e"}  # the color of the page, for each mode
IMAGE = "thumbnail.png"
IMAGE_SIZE = (1200, 630)
_IMAGE_ALT = "The page: a prompt on the left, and its continuation, set like a printed play, on the right."


class Preview:
    """The title and the description of the page of some weights, from the facts in their config.json."""

    def __init__(self, facts: dict[str, Any]):
        shakespeare = learned_default_text(facts)
        kind, source = ("Shakespeare ", "nothing but Shakespeare") if shakespeare else ("", "a single text")
        self.title = f"tinygpt: a small {kind}GPT"
        self.description = (
            f"Begin a line, and a small language model that has read {source} continues it, letter by letter."
        )

    def tags(self, address: str | None, image: str) -> str:
        """The tags of the document for search engines, messengers and browsers' frames, as HTML.

        `image` is the picture's address, relative to that of the page. Without the latter, there is no picture: those
        who show previews take only absolute addresses.
        """
        pictured = {
            "og:url": f"{address}/",
            "og:image": f"{address}/{image}",
            "og:image:type": "image/png",
            "og:image:width": IMAGE_SIZE[0],
            "og:image:height": IMAGE_SIZE[1],
            "og:image:alt": _IMAGE_ALT,
        }
        properties = {
            "og:type": "website",
            "og:site_name": "tinygpt",
            "og:title": self.title,
            "og:description": self.description,
            **(pictured if address else {}),
        }
        names = {
            "description": self.description,
            "twitter:card": "summary_large_image" if address else "summary",
            "application-name": "tinygpt",
            "apple-mobile-web-app-title": "tinygpt",
        }
        return "\n".join(
            [
                f"<title>{escape(self.title)}</title>",
                *(_meta("name", *each) for each in names.items()),
                *(_meta("property", *each) for each in properties.items()),
                *(
                    f'<meta name="theme-color" media="(prefers-color-scheme: {mode})" content="{color}">'
                    for mode, color in BACKGROUNDS.items()
                ),
            ]
        )


def _meta(kind: str, name: str, content: object) -> str:
    return f'<meta {kind}="{name}" content="{escape(str(content))}">'
