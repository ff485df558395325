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
        if args.with_index and not repo_id:
            raise ValueError("--with-index is of use only with --push-to-hub USER/NAME: add it, or leave both out")
        if repo_id:
            check_repo_id(repo_id)  # now, rather than after hours
        trainer = train(args)
        if trainer and report(trainer):
            if repo_id:
                again = resume_command(trainer, "--push-to-hub", repo_id, *["--with-index"] * args.with_index)
                say(f"Pushing to the Hub. If it fails, the weights are safe; to try again: {again}")
                say(f"Pushed to {push(trainer.folder, repo_id, with_index=args.with_index)}")
            print_sample(trainer.folder)
