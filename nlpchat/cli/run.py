"""`nlpchat run`: a pipeline file, step by step."""

from __future__ import annotations

import click


def _said(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    said = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not (name and equals and value.strip()):
            raise click.BadParameter(f"{one!r} is not NAME=VALUE, as in dump=frwiki.xml.bz2.")
        said[name] = value
    return said


def _say_faults(file: str, faults: list[str]) -> None:
    from nlpchat.errors import RecipeError

    if faults:
        listed = "".join(f"\n  - {fault}" for fault in faults)
        raise RecipeError(f"{file}: {len(faults)} fault(s):{listed}")
    click.echo(f"{file}: no fault; everything it reads is there, or is made by one of its steps.")


@click.command("run", epilog="Example:  nlpchat run pipelines/tiny.toml --dry-run")
@click.argument("file", type=click.Path())
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="NAME",
    help="Run this step alone, changed or not (may be repeated).",
)
@click.option("--check", is_flag=True, help="Say everything that is wrong with FILE, or missing here; run nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would run and why; run nothing.")
@click.option("--size", metavar="NAME", help="One of the sizes that the file states; the first by default.")
@click.option(
    "--set",
    "said",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_said,
    help="What the file asks for (may be repeated).",
)
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
    check: bool,
    dry_run: bool,
    size: str | None,
    said: dict[str, str],
    data: str | None,
    runs: str | None,
    lock: str | None,
) -> None:
    """Run the steps of a pipeline FILE (TOML) in order.

    A step whose command, options, inputs and outputs are those of the lock is skipped. When a step fails, or the run is
    interrupted or killed, the same line goes on at that step; training goes on from its last checkpoint. The lock keeps
    what each step was made from, how long it took and what it gave.
    """
    from functools import partial

    from nlpchat.pipeline import faults_of, read_pipeline, run_pipeline, understood

    group = context.parent.command if context.parent else None
    assert isinstance(group, click.Group)  # it is a command of `nlpchat`
    commands, understand = group.list_commands(context), partial(understood, group)
    if check:
        _say_faults(
            file,
            faults_of(file, commands=commands, size=size, asked=said, understand=understand, data=data, runs=runs),
        )
        return
    done = run_pipeline(
        read_pipeline(file, commands=commands, size=size, asked=said, understand=understand),
        data=data,
        runs=runs,
        lock=lock,
        only=steps,
        dry_run=dry_run,
        say=lambda line: click.echo(line, err=True),
    )
    ran = f"{len(done.ran)} steps {'would run' if dry_run else 'run'}, {len(done.skipped)} unchanged"
    click.echo(f"{ran}." if dry_run else f"{ran}. Lock: {done.lock}")
