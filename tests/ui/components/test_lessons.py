"""The lessons about the model."""

from tinygpt.ui.components.lessons import lessons


def test_the_lessons_describe_the_family_of_the_model_and_its_teachers(build):
    for family, word, other in (("gpt", "ReLU", "RoPE"), ("qwen3", "RoPE", "ReLU")):
        html = lessons(build(family).config, teachers=4 * (family == "qwen3"))
        assert word in html
        assert other not in html
        assert ("had 4 teachers" in html) == (family == "qwen3")
