"""What is there: stacks, listings, tags, and the ledger of what stacks own."""
