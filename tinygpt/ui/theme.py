"""The look of the page: gradio's theme in our colors, with the stylesheet of tinygpt/web."""

import gradio as gr

from tinygpt.page.preview import BACKGROUNDS

# name: (light mode, dark mode)
_COLORS = {
    "body_background_fill": tuple(BACKGROUNDS.values()),
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
    "input_placeholder_color": ("#746752", "#978a74"),
    "error_background_fill": ("#fdfaf2", "#1d1914"),
    "error_border_color": ("#8a2318", "#d9826b"),
    "error_icon_color": ("#8a2318", "#d9826b"),
    "error_text_color": ("#8a2318", "#d9826b"),
    "color_accent_soft": ("#ece3d0", "#2a241c"),
    "slider_color": ("#8a2318", "#d9826b"),
    "button_primary_background_fill": ("#8a2318", "#d9826b"),
    "button_primary_background_fill_hover": ("#6f1a11", "#e69a85"),
    "button_primary_border_color": ("#8a2318", "#d9826b"),
    "button_primary_border_color_hover": ("#6f1a11", "#e69a85"),
    "button_primary_text_color": ("#fdfaf2", "#15120e"),
    "button_secondary_background_fill": ("transparent", "transparent"),
    "button_secondary_background_fill_hover": ("#ece3d0", "#2a241c"),
    "button_secondary_border_color": ("#c9bba2", "#4d4234"),
    "button_secondary_border_color_hover": ("#8a2318", "#d9826b"),
    "button_secondary_text_color": ("#4d4234", "#c9bba2"),
    "checkbox_label_background_fill": ("transparent", "transparent"),
    "checkbox_label_background_fill_hover": ("#ece3d0", "#2a241c"),
    "checkbox_label_background_fill_selected": ("#ece3d0", "#2a241c"),
    "checkbox_background_color_selected": ("#8a2318", "#d9826b"),
    "checkbox_border_color_selected": ("#8a2318", "#d9826b"),
    "checkbox_border_color_focus": ("#8a2318", "#d9826b"),
    "link_text_color": ("#8a2318", "#d9826b"),
    "link_text_color_active": ("#6f1a11", "#e69a85"),
    "link_text_color_hover": ("#6f1a11", "#e69a85"),
    "link_text_color_visited": ("#8a2318", "#d9826b"),
}
# From the smallest to the largest, in rem, so that they grow with the browser's text. Gradio's are in pixels.
_TEXT_SIZES = gr.themes.Size("0.625rem", "0.75rem", "0.875rem", "1rem", "1.25rem", "1.5rem", "1.75rem", name="text_rem")
_SPACINGS = gr.themes.Size(
    "0.0625rem", "0.125rem", "0.25rem", "0.375rem", "0.5rem", "0.625rem", "1rem", name="spacing_rem"
)


class _Typeface(gr.themes.Font):
    """A typeface that comes with a stylesheet, which gradio waits for before it shows the page."""

    def __init__(self, name: str, stylesheet: str):
        super().__init__(name)
        self._stylesheet = stylesheet

    def stylesheet(self) -> dict:
        """The CSS that gradio puts before the theme's, in /theme.css beside the page."""
        return {"url": None, "css": f"@import url({self._stylesheet});"}


def theme(stylesheet: str) -> gr.themes.Base:
    """Gradio's base theme with our colors, and the typeface and all else of a stylesheet, by its address."""
    colors = {name: light for name, (light, _) in _COLORS.items()}
    colors |= {f"{name}_dark": dark for name, (_, dark) in _COLORS.items()}
    return gr.themes.Base(
        primary_hue=gr.themes.colors.red,
        secondary_hue=gr.themes.colors.red,
        neutral_hue=gr.themes.colors.stone,
        text_size=_TEXT_SIZES,
        spacing_size=_SPACINGS,
        radius_size=gr.themes.sizes.radius_none,
        font=[_Typeface("EB Garamond", stylesheet), gr.themes.Font("Georgia"), gr.themes.Font("serif")],
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
