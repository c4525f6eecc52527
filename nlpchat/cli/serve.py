"""`nlpchat serve`: a web page of this machine that takes an export and gives its report, and texts classified over HTTP."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from socket import socket

    from nlpchat.serve.guard import Door

LEAST_TOKEN = 16  # characters


@click.command("serve", epilog="Example:  nlpchat serve --port 8765")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; others want a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: any that is free.")
@click.option(
    "--token",
    envvar="NLPCHAT_TOKEN",
    show_envvar=True,
    help="What whoever asks has to show; made up and printed where one is needed and none is given.",
)
@click.option(
    "--max-upload", type=click.IntRange(1, 4096), default=256, show_default=True, metavar="MB", help="Of one export."
)
@click.option("--model", type=click.Path(), help="A classifier's folder; the one that comes with nlpchat by default.")
@click.option(
    "--keep",
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    metavar="FOLDER",
    help="Also write each report to this folder; otherwise nothing is kept.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
def command(
    host: str, port: int, token: str | None, max_upload: int, model: str | None, keep: Path | None, no_browser: bool
) -> None:
    """Serve a local web page that takes an export and gives its report.

    Only this machine can reach it, unless --host says otherwise; then a token is asked for, and the connection is not
    encrypted: ssh -L is a safer way to it. The export is deleted as soon as it is read, the report is forgotten when its page is
    closed, and no request is logged. POST /v1/classify gives texts their labels and scores; /docs says how. Ctrl-C ends it.
    """
    _check_token(token)
    from nlpchat.serve import require_extra

    require_extra()
    from nlpchat.serve.app import MB, Settings, address_of, bind, make_app, server_for

    with bind(host, port) as listening:
        from nlpchat.classifier import Classifier

        door = _door(listening, host, token)
        app = make_app(Classifier(model), Settings(door, max_upload * MB, keep))
        try:
            _announce(address_of(listening, host), door, browser=not no_browser)
            with suppress(KeyboardInterrupt):
                server_for(app).run(sockets=[listening])
        finally:
            app.shut()
    click.echo("\nnlpchat: stopped.", err=True)


def _check_token(token: str | None) -> None:
    if token is not None and not re.fullmatch(rf"[A-Za-z0-9._~-]{{{LEAST_TOKEN},}}", token):
        raise click.UsageError(
            f"--token: at least {LEAST_TOKEN} letters and digits without accents (also . _ ~ -). Leave it out to have one made up."
        )


def _door(listening: socket, host: str, token: str | None) -> Door:
    import secrets

    from nlpchat.serve.app import is_local
    from nlpchat.serve.guard import Door, own_names

    if is_local(listening):
        return Door(token=token)
    return Door(own_names(host), token or secrets.token_urlsafe(32))


def _announce(address: str, door: Door, *, browser: bool) -> None:
    link = address if door.token is None else f"{address}/?token={door.token}"
    click.echo(link)
    click.echo("Open this link in a browser. Ctrl-C ends the server.", err=True)
    # With a token, the link would be in the list of processes for everybody on this machine to read.
    if browser and door.token is None and _has_screen():
        import threading
        import webbrowser

        # Some browsers return only when they are closed.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _has_screen() -> bool:
    shown = not sys.platform.startswith("linux") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return shown and sys.stdout.isatty()
