"""Runs a revision's SQL file: plain SQL is what people read, so it is what runs."""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only


def run_sql(name: str) -> None:
    """Execute `name`, a file beside this one, as one script in the migration's transaction."""
    script = (Path(__file__).parent / name).read_text(encoding="utf-8")
    # SQLAlchemy's asyncpg opens its transaction at the first statement that goes through it, not through the driver.
    op.execute("select 1")
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute(script))
