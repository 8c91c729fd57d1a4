"""The cleanup engine: revokes what an allocation was given, deletes what it left, and proves that nothing remains."""
