"""The work of the GitHub Action: standard library only, Python 3.8 and newer."""
