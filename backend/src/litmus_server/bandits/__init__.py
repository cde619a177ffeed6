"""Learning: from what was observed to the propensities of the next decisions."""
