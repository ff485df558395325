"""The icons of the page, and the web manifest with which a browser installs it as an app."""

from typing import Any

APP_ICON, _FAVICON = "icon-192.png", "favicon.svg"  # in tinygpt/web
_SIZES = (192, 512)


def web_manifest(name: str, *, folder: str, background: str) -> dict[str, Any]:
    """The web manifest of the page in whose folder it lies.

    Args:
        name: of the page.
        folder: the address of the icons' folder, relative to the page.
        background: the color around the page while it loads.
    """
    return {
        "name": name,
        "short_name": "tinygpt",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": background,
        "theme_color": background,
        "icons": [
            {"src": f"{folder}/icon-{size}.png", "sizes": f"{size}x{size}", "purpose": purpose}
            for size in _SIZES
            for purpose in ("any", "maskable")
        ],
    }


def icon_tags(folder: str) -> str:
    """The tags that lead from the document to the icons, given the address of their folder, and to the manifest."""
    return "\n".join(
        [
            f'<link rel="icon" type="image/svg+xml" href="{folder}/{_FAVICON}">',
            f'<link rel="apple-touch-icon" href="{folder}/{APP_ICON}">',
            '<link rel="manifest" href="manifest.json">',
        ]
    )
