"""What is done by itself: each rule says what follows from what was observed, with its evidence, and does nothing."""
