"""Work beside the requests: the durable job table and those who run it."""
