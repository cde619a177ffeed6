"""One linear history of the schema; each revision is a named SQL file."""
