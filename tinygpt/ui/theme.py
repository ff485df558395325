"""The look of the page: gradio's theme in our colors, and the scripts, stylesheet and fonts of tinygpt/web."""

from base64 import b64encode
from pathlib import Path

import gradio as gr

_WEB = Path(__file__).parent.parent / "web"
# page.js comes first: it defines window.tinygpt, to which the others add.
_SCRIPTS = ("page.js", "candidates.js", "inside.js", "points.js", "history.js")
_FONTS = (  # family, style, file
    ("EB Garamond", "normal", "eb-garamond.woff2"),
    ("EB Garamond", "italic", "eb-garamond-italic.woff2"),
    ("IM Fell English SC", "normal", "im-fell-english-sc.woff2"),
)

# name: (light mode, dark mode)
_COLORS = {
    "body_background_fill": ("#f6f1e5", "#15120e"),
    "body_text_color": ("#211a14", "#e9dfcb"),
    "body_text_color_subdued": ("#6a5d4d", "#a99b84"),
    "background_fill_primary": ("#fdfaf2", "#1d1914"),
    "background_fill_secondary": ("#f6f1e5", "#15120e"),
    "border_color_primary": ("#d9cdb6", "#3a3227"),
    "border_color_accent": ("#8a2318", "#d9826b"),
    "block_background_fill": ("#fdfaf2", "#1d1914"),
    "block_border_color": ("#d9cdb6", "#3a3227"),
    "block_label_text_color": ("#6a5d4d", "#a99b84"),
    "block_title_text_color": ("#4d4234", "#c9bba2"),
    "block_info_text_color": ("#6a5d4d", "#a99b84"),
    "input_background_fill": ("#fdfaf2", "#1d1914"),
    "input_background_fill_focus": ("#fffdf7", "#221d17"),
    "input_border_color": ("#d9cdb6", "#3a3227"),
    "input_border_color_focus": ("#8a2318", "#d9826b"),
    "input_placeholder_color": ("#857762", "#8d806b"),
    "slider_color": ("#8a2318", "#d9826b"),
    "button_primary_background_fill": ("#8a2318", "#d9826b"),
    "button_primary_background_fill_hover": ("#6f1a11", "#e69a85"),
    "button_primary_border_color": ("#8a2318", "#d9826b"),
    "button_primary_text_color": ("#fdfaf2", "#15120e"),
    "button_secondary_background_fill": ("transparent", "transparent"),
    "button_secondary_background_fill_hover": ("#ece3d0", "#2a241c"),
    "button_secondary_border_color": ("#c9bba2", "#4d4234"),
    "button_secondary_text_color": ("#4d4234", "#c9bba2"),
    "checkbox_label_background_fill": ("transparent", "transparent"),
    "checkbox_label_background_fill_hover": ("#ece3d0", "#2a241c"),
    "checkbox_label_background_fill_selected": ("#ece3d0", "#2a241c"),
    "checkbox_background_color_selected": ("#8a2318", "#d9826b"),
    "checkbox_border_color_selected": ("#8a2318", "#d9826b"),
    "link_text_color": ("#8a2318", "#d9826b"),
}


def theme() -> gr.themes.Base:
    """Gradio's base theme with our colors and fonts."""
    colors = {name: light for name, (light, _) in _COLORS.items()}
    colors |= {f"{name}_dark": dark for name, (_, dark) in _COLORS.items()}
    return gr.themes.Base(
        primary_hue=gr.themes.colors.red,
        neutral_hue=gr.themes.colors.stone,
        text_size=gr.themes.sizes.text_lg,
        radius_size=gr.themes.sizes.radius_none,
        font=[gr.themes.Font("EB Garamond"), gr.themes.Font("Georgia"), gr.themes.Font("serif")],
        font_mono=[gr.themes.Font("ui-monospace"), gr.themes.Font("monospace")],
    ).set(
        block_shadow="none",
        button_primary_shadow="none",
        input_shadow="none",
        button_border_width="1px",
        input_border_width="1px",
        color_accent="var(--accent)",
        **colors,
    )


def head() -> str:
    """The content of the page's <head>: fonts, stylesheet and scripts, inline so that no other host is needed."""
    faces = "".join(
        f"@font-face{{font-family:'{family}';font-style:{style};font-weight:400 800;font-display:swap;"
        f"src:url(data:font/woff2;base64,{b64encode((_WEB / 'fonts' / file).read_bytes()).decode()}) format('woff2')}}"
        for family, style, file in _FONTS
    )
    style, *scripts = ((_WEB / name).read_text(encoding="utf-8") for name in ("page.css", *_SCRIPTS))
    return f"<style>{faces}\n{style}</style><script>{''.join(scripts)}</script>"
