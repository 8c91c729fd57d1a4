"""Measures how good Atmosphere is, on the local service; `make bench` writes bench/README.md."""
