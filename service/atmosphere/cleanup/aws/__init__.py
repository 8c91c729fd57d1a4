"""How cleaning speaks to AWS: accounts, the guard over every call, sessions, rates and the pace of a pass."""
