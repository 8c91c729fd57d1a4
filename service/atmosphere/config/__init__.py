"""The files of `config/` as a checked `Snapshot`, or as the list of everything that is wrong with them."""
