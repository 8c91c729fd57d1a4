"""The `atmosphere` command."""

try:
    import click  # noqa: F401 all of this package needs it
except ModuleNotFoundError as missing:
    if missing.name != "click":
        raise
    raise SystemExit("the command needs more packages: pip install 'atmosphere-client[cli]'") from missing
