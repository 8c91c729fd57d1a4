"""Pure rules: no I/O, clock, ids or logging. Time and ids are passed in."""
