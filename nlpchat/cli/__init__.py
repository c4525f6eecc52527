"""The command `nlpchat`: words on a command line become one call. No logic lives here.

A command is a file of this folder that exports `command`; it is imported when it is asked for, so that
`nlpchat --help` answers at once. Faults that the library raises end here, as one line on stderr.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from nlpchat import __version__
from nlpchat.errors import NlpchatError
from nlpchat.report.printable import printable

INTERRUPTED = 130  # what a shell reports for a program stopped by Ctrl-C (128 + SIGINT)

# name -> its line in `nlpchat --help`: the first sentence of the command's own help.
COMMANDS: dict[str, str] = {
    "classify": "Say what is felt in a chat, message by message.",
    "report": "Show what is felt in a conversation as one web page.",
    "explain": "Show which words of a text make its label.",
    "serve": "Serve a local web page that takes an export and gives its report.",
    "parse": "Read exported chats and say what is in them.",
    "evaluate": "Measure a classifier on labelled texts.",
    "scrape": "Gather reviews and texts to learn from, slowly and without their writers' names.",
    "corpus": "List, show, build and check what models learn from.",
    "train-tokenizer": "Learn a SentencePiece tokenizer from texts.",
    "pretrain-lm": "Train a language model from texts.",
    "finetune-lm": "Adapt a language model to other texts or chats.",
    "train-classifier": "Train a sentiment classifier from a language model and labelled texts.",
    "adapt": "Make a classifier at home in your own conversations.",
    "ensemble": "Average several classifiers into one bundle that classifies as any other.",
    "find-lr": "Find a learning rate for a training: a picture and a suggestion.",
    "generate": "Write on from a beginning, as a language model expects it.",
    "top-losses": "List the labelled texts that a classifier gets most wrong.",
    "label": "Label the messages that the classifier is least sure of.",
    "import-lm": "Import a language model that fastai trained.",
    "export": "Write a trained classifier as ONNX, and check that it says the same.",
    "run": "Run the steps of a pipeline FILE (TOML) in order.",
}


class Commands(click.Group):
    """A group whose commands are imported when called, and whose faults end as one line on stderr."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"nlpchat.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **options: Any) -> Any:
        try:
            return super().main(*args, **options)
        except SystemExit as done:
            # Under torchrun, where a training has joined the others; only then is this module loaded.
            distributed = sys.modules.get("nlpchat.training.distributed")
            if distributed is None or distributed.ours().of == 1:
                raise
            distributed.leave(done.code if isinstance(done.code, int) else int(done.code is not None))

    def invoke(self, ctx: click.Context) -> object:
        try:
            result: object = super().invoke(ctx)
        except NlpchatError as fault:
            click.echo(f"nlpchat: {printable(str(fault))}", err=True)
            ctx.exit(fault.exit_code)
        except KeyboardInterrupt:
            click.echo("\nnlpchat: stopped by the keyboard.", err=True)
            ctx.exit(INTERRUPTED)
        return result


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nlpchat")
def main() -> None:
    """What is felt in a WhatsApp or Messenger conversation, message by message.

    Everything happens on this machine: no message is sent anywhere.

    \b
    Example:
      nlpchat classify chat.txt
    """
