"""What the page says at its top."""

import math

from tinygpt.page.masthead import uncertainty


def test_a_loss_is_told_as_a_number_of_letters_that_the_model_chooses_among():
    said = {math.log(1.5): "1½", 1.381: "4", 1.4958: "4½", 1.8121: "6", 2.29: "10", 3.778: "44", 4.17: "65"}
    for loss, letters in said.items():
        assert uncertainty(loss) == f"about as unsure as choosing among {letters} letters"
    assert uncertainty(0.1) == "nearly always sure"
    assert uncertainty(1e15) == uncertainty(1e3)
