"""The `litmus` command: each command reads the settings and calls one function.

Nothing heavy is loaded before a command needs it: the process that answers requests starts from here.
"""

import asyncio
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from litmus_server import VERSION, logs
from litmus_server.settings import Refused, Settings

T = TypeVar("T")

app = typer.Typer(
    name="litmus",
    help="Self-hosted experiments: decide, log, learn, report, act.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Folder = Annotated[
    Path | None, typer.Option("--data-folder", help="LITMUS_DATA_FOLDER: what Litmus itself keeps")
]
ParentFd = Annotated[
    int | None, typer.Option("--parent-fd", hidden=True, help="leave at the end of this pipe")
]

Url = Annotated[str, typer.Option("--url", envvar="LITMUS_URL", help="where the server is")]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="LITMUS_TOKEN", help="an admin token; a write token is enough to look"),
]
DEFAULT_URL = "http://localhost:8000"


@app.command()
def serve(
    *,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="production on the PostgreSQL of Litmus")
    ] = False,
    host: Annotated[str | None, typer.Option(help="LITMUS_HOST: the address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="PORT; 0 takes any free one")] = None,
    data_folder: Folder = None,
    parent_fd: ParentFd = None,
) -> None:
    """Answer requests, and run the worker (and PostgreSQL, unless DATABASE_URL names one)."""
    from litmus_server.processes.server import serve as run

    settings = _settings(host=host, port=port, data_folder=data_folder)
    _run(settings, run(settings, embedded=embedded, parent=parent_fd))


@app.command()
def worker(*, parent_fd: ParentFd = None) -> None:
    """Fold, learn, report and run jobs, beside any number of servers on the same DATABASE_URL."""
    from litmus_server.processes.worker import work

    settings = _settings()
    _run(settings, work(settings, parent=parent_fd))


@app.command()
def migrate(*, data_folder: Folder = None) -> None:
    """Bring the database to the newest schema; safe when several do it at once."""
    from litmus_server.processes.maintenance import migrate as run

    settings = _settings(data_folder=data_folder)
    _run(settings, run(settings))


@app.command()
def rebuild(
    *,
    after: Annotated[
        str, typer.Option(help="go on after this unit, the last one of an interrupted rebuild")
    ] = "",
    data_folder: Folder = None,
) -> None:
    """Compute every counter and moment from the event log again, while the server goes on."""
    from litmus_server.processes.maintenance import rebuild as run

    settings = _settings(data_folder=data_folder)
    for table, rows in asdict(_run(settings, run(settings, after))).items():
        typer.echo(f"{table:<12} {rows} rows were not what the log says")


@app.command()
def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    port: Annotated[int | None, typer.Option(help="PORT: where the server is, or would be")] = None,
    data_folder: Folder = None,
) -> None:
    """Look at everything that a running Litmus needs; exit code 1 when something is wrong."""
    from litmus_server.processes.doctor import examine, printed

    settings = _settings(data_folder=data_folder, port=port)
    findings = _run(settings, examine(settings))
    typer.echo(printed(findings, as_json=as_json))
    raise typer.Exit(1 if any(finding.level == "fail" for finding in findings) else 0)


@app.command()
def demo(
    *,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="PORT; 0 takes any free one")] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="simulated units a second")] = 50,
    data_folder: Folder = None,
) -> None:
    """Serve on this machine only, with a simulated experiment of five models; Ctrl-C ends all of it."""
    from litmus_server.processes.demo import demonstrate

    settings = _settings(port=port, data_folder=data_folder, env="development")
    _run(settings, demonstrate(settings, rate=rate))


@app.command()
def apply(
    paths: Annotated[list[Path], typer.Argument(help="files, and folders of files: .yaml, .yml, .json")],
    *,
    plan: Annotated[
        bool, typer.Option("--plan", help="only show; exit code 2 when something would change")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    actor: Annotated[str, typer.Option(help="who does this, as the audit will say")] = "",
    reason: Annotated[str, typer.Option(help="why, as the audit will say")] = "",
) -> None:
    """Bring a server's definitions to what files say, in one transaction; nothing is deleted."""
    from litmus_server.processes.apply import Failed, Server, gathered, shown

    server = Server(url, token)
    try:
        sources = gathered(paths)
        documents = [source.document for source in sources]
        found = server.plan(documents)
        for line in shown(found, sources):
            typer.echo(line)
        if found["refused"]:
            raise Failed(f"{found['refused']} of {len(sources)} documents are refused; nothing was applied")
        if plan or not found["changes"]:
            typer.echo(f"{found['changes']} of {len(sources)} documents would change something")
            raise typer.Exit(2 if found["changes"] else 0)
        server.apply(documents, found["token"], actor, reason)
    except Failed as failure:
        _refuse(failure)
    typer.echo(f"applied: {found['changes']} of {len(sources)} documents changed something")


@app.command()
def export(
    keys: Annotated[list[str] | None, typer.Argument(help="experiments; without any: everything")] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="a folder, for a file each; else to standard output")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """A server's definitions as YAML, for `litmus apply`."""
    from litmus_server.domain.notation import write_yaml
    from litmus_server.processes.apply import Failed, Server, written

    server = Server(url, token)
    try:
        documents = [server.definition(key) for key in keys] if keys else server.definitions()
        if out is None:
            typer.echo(write_yaml(documents) if documents else "", nl=False)
        else:
            for path in written(documents, out):
                typer.echo(str(path))
    except Failed as failure:
        _refuse(failure)


@app.command()
def version() -> None:
    """The version of this program."""
    typer.echo(VERSION)


def main() -> None:
    """The console script."""
    app()


def _settings(**overrides: object) -> Settings:
    try:
        return Settings.read(**overrides)
    except Refused as refusal:
        _refuse(refusal)


def _run(settings: Settings, work: Coroutine[Any, Any, T]) -> T:
    from litmus_server.postgres import EmbeddedError

    logs.configure(settings.log_level)
    try:
        if sys.platform == "win32":
            return asyncio.run(work)
        import uvloop

        return uvloop.run(work)
    except (Refused, EmbeddedError) as refusal:
        _refuse(refusal)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _refuse(refusal: Exception) -> NoReturn:
    typer.echo(f"litmus: {refusal}", err=True)
    raise typer.Exit(1) from None


if __name__ == "__main__":
    main()
