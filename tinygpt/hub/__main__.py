"""Publish weights on the Hugging Face Hub: python -m tinygpt.hub push runs/default user/name"""

import sys
from collections.abc import Sequence

from tinygpt.flags import Parser, explained
from tinygpt.hub import prepare, push, space
from tinygpt.system.pipes import is_closed_pipe, lead_to_nowhere
from tinygpt.system.shell import program

_COMMANDS = (prepare, push, space)  # each module has the flags of its command and its body


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Without arguments, those of the command line count, of python -m tinygpt.hub."""
    name = "python -m tinygpt.hub" if arguments is None else program("hub")
    parser = Parser(prog=name, description="Publish weights on the Hugging Face Hub.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_command(commands)
    args, caller = parser.parse_args(arguments), name.removeprefix("python -m ")
    try:
        args.run(args)
        sys.stdout.flush()
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and is_closed_pipe(error):  # the reader, `head` for one, has seen enough
            lead_to_nowhere(sys.stdout)
            return
        sys.exit(f"{caller}: {explained(error)}")
    except KeyboardInterrupt:
        print(f"{caller}: interrupted; run it again to complete it", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
