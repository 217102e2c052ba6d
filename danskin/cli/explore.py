"""``danskin explore``: the page on which gradients are dragged and verdicts change."""

from __future__ import annotations

import typer

from danskin.cli.terminal import guarded, print_plain

__all__ = ["explore"]


@guarded
def explore(
    port: int = typer.Option(
        0, metavar="N", min=0, max=65535, help="Serve on this port; 0 takes any free one."
    ),
    host: str = typer.Option("127.0.0.1", metavar="ADDRESS", help="A loopback address."),
    browser: bool = typer.Option(
        True, "--browser/--no-browser", help="Open the page, or print its address only."
    ),
) -> None:
    """Serve the explorer on this machine: drag gradients, watch descent and verdicts change.

    The page needs no network and is seen by this machine alone. End it with Ctrl-C.

    \b
    Examples:
      danskin explore
      danskin explore --port 8000 --no-browser
    """  # noqa: D301 - \b keeps the lines apart
    from danskin.explorer.serve import serve

    serve(
        port,
        host=host,
        browser=browser,
        tell=lambda url: print_plain(f"The explorer is at {url}\nCtrl-C ends it."),
    )
    print_plain("The explorer has ended.")
