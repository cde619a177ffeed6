"""What an experiment is and what may happen to it: nouns and rules, without I/O, clock or dice."""
