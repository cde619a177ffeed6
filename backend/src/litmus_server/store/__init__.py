"""PostgreSQL: the configuration, the two logs, the fold. Knows no HTTP."""
