"""`nlpchat run`: a pipeline file, step by step."""

from __future__ import annotations

import click


@click.command("run", epilog="Example:  nlpchat run pipelines/tiny.toml --dry-run")
@click.argument("file", type=click.Path())
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="NAME",
    help="Run this step alone, changed or not (may be repeated).",
)
@click.option("--dry-run", is_flag=True, help="Say what would run and why; run nothing.")
@click.option("--size", metavar="NAME", help="One of the sizes that the file states; the first by default.")
@click.option("--data", type=click.Path(), help="The folder {data} stands for; the file says which by default.")
@click.option(
    "--runs", type=click.Path(), help="The folder {runs} stands for; runs/<file>, or runs/<file>.<size>, by default."
)
@click.option(
    "--lock",
    type=click.Path(),
    help="The lock to compare with and to write; FILE.lock.json, or FILE.SIZE.lock.json, by default.",
)
@click.pass_context
def command(
    context: click.Context,
    file: str,
    steps: tuple[str, ...],
    dry_run: bool,
    size: str | None,
    data: str | None,
    runs: str | None,
    lock: str | None,
) -> None:
    """Run the steps of a pipeline FILE (TOML) in order.

    A step whose command, inputs and outputs are those of the lock is skipped. When a step fails or is
    interrupted, the same line goes on at that step; training goes on from its last checkpoint. The lock keeps
    what each step was made from, how long it took and what it gave.
    """
    from nlpchat.pipeline import read_pipeline, run_pipeline

    group = context.parent.command if context.parent else None
    commands = group.list_commands(context.parent) if isinstance(group, click.Group) and context.parent else []
    done = run_pipeline(
        read_pipeline(file, commands=commands, size=size),
        data=data,
        runs=runs,
        lock=lock,
        only=steps,
        dry_run=dry_run,
        say=lambda line: click.echo(line, err=True),
    )
    ran = f"{len(done.ran)} steps {'would run' if dry_run else 'run'}, {len(done.skipped)} unchanged"
    click.echo(f"{ran}." if dry_run else f"{ran}. Lock: {done.lock}")
