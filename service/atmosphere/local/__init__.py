"""Runs the real template on an embedded AWS on this machine; never part of a Lambda asset."""
