"""The `atmosphere` command."""
