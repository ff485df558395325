"""How single characters are shown in the page's own sentences."""

from collections.abc import Mapping


def shown(character: str, names: Mapping[str, str]) -> str:
    """A character by its name in `names`, or by its code point if it cannot be seen; any other as it is."""
    visible = character.isprintable()
    return names.get(character, character if visible else " ".join(f"U+{ord(part):04X}" for part in character))
