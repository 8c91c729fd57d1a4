"""Atmosphere: clean AWS environments for integration tests, allocated on request and taken back for certain."""
