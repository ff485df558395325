"""The command line: tinygpt where the package is installed, or python -m tinygpt."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Open the page if the first argument is "app", train if it is "train", and so on, or else write in the terminal.

    Without arguments, those of the command line count.
    """
    try:
        match sys.argv[1:] if arguments is None else arguments:
            case ["app", *flags]:
                from tinygpt.ui.launch import main as command
            case ["train", *flags]:
                from tinygpt.commands.train import main as command
            case ["hub", *flags]:
                from tinygpt.hub.__main__ import main as command
            case ["export", *flags]:
                from tinygpt.export.__main__ import main as command
            case flags:
                from tinygpt.commands.generate import main as command
        command(flags)
    except KeyboardInterrupt:  # while modules are imported
        sys.exit(130)


if __name__ == "__main__":
    main()
