"""The spine: configuration, logs, fold, policies, reports, jobs."""

from litmus_server.store.migrations.run import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See the SQL file."""
    run_sql("0001_spine.sql")
