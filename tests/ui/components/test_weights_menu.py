"""The menu of weights at the top of the page."""

from pathlib import Path

from tinygpt.ui.components.weights_menu import menu_update, weights_choices, weights_menu
from tinygpt.ui.services.registry import MAIN, Registry
from tinygpt.ui.services.session import Session


def test_the_menu_is_there_where_there_is_something_to_choose_or_may_be(weights: Path):
    registry = Registry(Session(weights, "cpu"))
    menu = weights_menu(registry)
    assert (menu.value, menu.visible) == (MAIN, False)
    assert weights_menu(registry, growing=True).visible
    registry.add("page-1", weights)
    assert weights_menu(registry).visible
    update = menu_update(registry, value="page-1")
    assert (update["choices"], update["value"]) == (weights_choices(registry), "page-1")
    assert "visible" not in update  # nothing moves


def test_an_update_without_a_name_keeps_the_choice(weights: Path):
    assert "value" not in menu_update(Registry(Session(weights, "cpu")))
