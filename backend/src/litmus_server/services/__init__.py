"""Use cases: the only place that combines domain, statistics, learning and storage."""
