"""The Python client of the API: signs, waits its turn, retries, gives back."""
