"""Texts side by side."""

from tinygpt.ui.components.columns import Column, columns_data, legend


def test_a_column_is_all_that_is_drawn_of_a_text():
    assert columns_data([Column("0.5", "abc", [(0, 2)], link="#seed=1")]) == [
        {"heading": "0.5", "text": "abc", "memorized": [(0, 2)], "name": "", "selected": False, "link": "#seed=1"}
    ]


def test_the_legend_is_there_when_something_is_underlined():
    assert legend([[], [(3, 6)]])
    assert not legend([[], ()])
