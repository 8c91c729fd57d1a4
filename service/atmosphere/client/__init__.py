"""The Python client of the API: proves who it is, waits its turn, retries, gives back."""
