"""Publish weights on the Hugging Face Hub: python -m tinygpt.hub push runs/default user/name"""

import sys

from tinygpt.flags import Parser, explained
from tinygpt.hub import prepare, push, space
from tinygpt.system.pipes import is_closed_pipe, lead_to_nowhere

_COMMANDS = (prepare, push, space)  # each module has the flags of its command and its body


def main() -> None:
    parser = Parser(prog="python -m tinygpt.hub", description="Publish weights on the Hugging Face Hub.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_command(commands)
    args = parser.parse_args()
    try:
        args.run(args)
        sys.stdout.flush()
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and is_closed_pipe(error):  # the reader, `head` for one, has seen enough
            lead_to_nowhere(sys.stdout)
            return
        sys.exit(f"tinygpt.hub: {explained(error)}")
    except KeyboardInterrupt:
        sys.exit("tinygpt.hub: interrupted; run it again to complete it")


if __name__ == "__main__":
    main()
