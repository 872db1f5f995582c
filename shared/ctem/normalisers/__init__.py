"""One normaliser per scanner: which layouts it writes, and what a record of each says. Scoring is not theirs."""
