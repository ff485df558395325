"""The name of the processor."""

from tinygpt.system.machine import processor


def test_the_processor_has_a_name_that_fits_into_a_line():
    name = processor()
    assert name.isprintable()
    assert 0 < len(name) <= 80
