"""The hot statements, one named file each, with a line of why."""

from importlib.resources import files


def statement(name: str) -> str:
    """The text of `name`.sql, a file beside this one."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
