"""One verb per file: load, decide with the core, commit once, then do effects that may be repeated."""
