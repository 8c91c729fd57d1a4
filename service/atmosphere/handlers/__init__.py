"""Lambda entry points, one a file: event -> operation -> reply. Nothing is decided here."""

from atmosphere.handlers import start

start.begin()
