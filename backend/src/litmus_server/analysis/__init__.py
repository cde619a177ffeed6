"""From sums to a report: pure, between the facts that are read and the statistics that judge them."""
