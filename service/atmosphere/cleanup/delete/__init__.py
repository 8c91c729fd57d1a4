"""How leftovers go: stacks in dependency order, resources in batches, and what blocks them."""
