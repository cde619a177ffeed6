"""The `litmus` command: each command reads the settings and calls one function.

Nothing heavy is loaded before a command needs it: the process that answers requests starts from here.
"""

import asyncio
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

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
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]
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
def replay(
    *,
    engine: Annotated[
        Literal["python", "javascript", "sql"], typer.Option(help="the language that decides again")
    ] = "python",
    experiment: Annotated[str | None, typer.Option(help="its id or key; without it: all of them")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="assigned then or later, UTC", formats=_TIMES)
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="assigned before, UTC", formats=_TIMES)] = None,
    kernel: Annotated[
        Path | None, typer.Option(help="bin/decide.js of sdk/javascript, built; of this checkout by default")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    data_folder: Folder = None,
) -> None:
    """Make every decision of the log again, from the archive alone; exit code 1 when one comes out differently."""
    from litmus_server.processes.replay import KERNEL, Language, printed
    from litmus_server.processes.replay import replay as run
    from litmus_server.store.replay import Range

    settings, language = _settings(data_folder=data_folder), Language(engine)
    range_ = Range(None, since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC))
    tally = _run(settings, run(settings, language, experiment, range_, kernel or KERNEL))
    typer.echo(printed(tally, language, as_json=as_json))
    raise typer.Exit(1 if tally.differs or tally.forged else 0)


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
def dashboard(
    *,
    host: Annotated[str | None, typer.Option(help="LITMUS_HOST: the address to listen on")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one")] = 3000,
) -> None:
    """Serve the dashboard alone; NUXT_PUBLIC_API_BASE says where browsers find the API."""
    from litmus_server.processes.dashboard import show

    settings = _settings(host=host, port=port)
    _run(settings, show(settings))


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
def openapi() -> None:
    """The OpenAPI document of this version, as /openapi.json answers it; no server is needed."""
    import msgspec

    from litmus_server.apps import description

    typer.echo(msgspec.json.encode(asyncio.run(description())))


@app.command()
def simulate(
    *,
    environment: Annotated[
        str | None,
        typer.Option(
            help="a world of the bench: ladder5, fivemodel, switching, slow_best, …; with features: segments3x4"
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            help="a CSV whose last column is the variant that is right, and the others its features"
        ),
    ] = None,
    rates: Annotated[
        str | None, typer.Option(help="your own: what each variant may convert, as 0.1,0.12,0.14")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="again for each: thompson_sampling, ucb:c=1, equal_split, lints, …"),
    ] = None,
    runs: Annotated[int, typer.Option(min=2, max=100_000, help="experiments a policy")] = 200,
    horizon: Annotated[int | None, typer.Option(help="decisions in each; 20,000 for --rates")] = None,
    floor: Annotated[
        float | None, typer.Option(help="the least share of a variant; 0.002, of linear types 0.001")
    ] = None,
    every: Annotated[int | None, typer.Option(help="decisions a version, instead of growth by 5 %")] = None,
    half_life: Annotated[float | None, typer.Option(help="decisions after which a unit counts half")] = None,
    holdback: Annotated[
        str | None,
        typer.Option(help="the share that is drawn as if nothing had been learned: 0.05, or 0.05:control"),
    ] = None,
    window: Annotated[float | None, typer.Option(help="decisions after which a unit is forgotten")] = None,
    delays: Annotated[str, typer.Option(help="open conversions: nothing, estimated, law")] = "nothing",
    visits: Annotated[
        int, typer.Option(min=1, help="how often each unit comes; each visit is a decision")
    ] = 1,
    sticky: Annotated[
        list[str] | None,
        typer.Option(help="of units that return, again for each: forever, ttl:2000 (decisions), none, soft"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same figures")] = 1,
    form: Annotated[str, typer.Option("--format", help="table, json or csv")] = "table",
    svg: Annotated[Path | None, typer.Option(help="draw the regret curves into this file")] = None,
) -> None:
    """What policies would cost in a world whose truth is known: for planning, before any traffic."""
    from litmus_server.bandits.figure import figure
    from litmus_server.processes.simulation import FORMATS, Refusal, compare

    try:
        if form not in FORMATS:
            raise Refusal(f"--format is {', '.join(FORMATS)}, not {form}")
        found = compare(
            environment=environment,
            classes=classes,
            rates=rates,
            policies=policy or (),
            runs=runs,
            horizon=horizon,
            floor=floor,
            every=every,
            half_life=half_life,
            holdback=holdback,
            window=window,
            correct=delays,
            visits=visits,
            sticky=sticky or (),
            seed=seed,
        )
        if svg is not None:
            svg.write_text(figure(found), encoding="utf-8")
    except (Refusal, OSError) as refusal:
        _refuse(refusal)
    typer.echo(FORMATS[form](found))


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
