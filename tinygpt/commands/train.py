"""Train a model, and push it to the Hub if that is asked for: tinygpt train."""

from collections.abc import Sequence

from tinygpt.hub.connection import check_repo_id
from tinygpt.hub.push import push
from tinygpt.training.cli import one_line_errors, parse, print_sample, report, resume_command, train
from tinygpt.training.console import say


def main(arguments: Sequence[str]) -> None:
    """Train as the arguments say."""
    args = parse(arguments)
    repo_id = args.push_to_hub
    with one_line_errors():
        options = [flag for flag, given in (("--private", args.private), ("--with-index", args.with_index)) if given]
        if options and not repo_id:
            raise ValueError(f"{options[0]} is of use only with --push-to-hub USER/NAME: add it, or leave both out")
        if repo_id:
            check_repo_id(repo_id)  # now, rather than after hours
        trainer = train(args)
        if trainer and report(trainer):
            if repo_id:
                again = resume_command(trainer, "--push-to-hub", repo_id, *options)
                say(f"Pushing to the Hub. If it fails, the weights are safe; to try again: {again}")
                url = push(trainer.folder, repo_id, private=args.private, with_index=args.with_index)
                say(f"Pushed to {url}")
            print_sample(trainer.folder)
