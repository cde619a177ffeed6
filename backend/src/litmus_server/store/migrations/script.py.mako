"""${message}"""

from litmus_server.store.migrations.run import run_sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See the SQL file."""
    run_sql("${up_revision}_${slug}.sql")
