"""`ui`: the dashboard."""

from __future__ import annotations

import webbrowser

import click

from tunesmith.cli.options import store_option
from tunesmith.stores.url import open_store


@click.command("ui")
@click.argument("where", metavar="[STORE]", required=False)
@store_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; others than loopback ask for the token.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="By default the first free one from 8321 on.")
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="A further name by which browsers may call this server; may be given several times.",
)
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
def ui_command(
    where: str | None, store: str, host: str, port: int | None, names: tuple[str, ...], read_only: bool, open_page: bool
) -> None:
    """The dashboard: all studies of a store in the browser, live. Works without network.

    STORE is a file or a URL, as for --store.
    """
    from tunesmith.web.serve import Server  # noqa: PLC0415  loads the figures' library

    opened = open_store(where or store, create=False)
    server = Server(opened, host=host, port=port, read_only=read_only, names=names)

    click.echo(f"Dashboard of {where or store}: {server.url}")
    if not read_only:
        rest = "are refused" if server.is_private else "only read"
        click.echo(
            f"Whoever has this address may change studies; it is shown this once. Pages opened without it {rest}."
        )
    click.echo("Ctrl-C ends it.")
    if open_page:
        webbrowser.open(server.url)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        opened.close()
