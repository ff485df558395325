"""What the controls are called."""

from tinygpt.page.labels import LABELS
from tinygpt.request import names


def test_every_field_of_a_request_has_a_label():
    assert LABELS.keys() == {*names()}
