"""What a scan means: leftover, protected, unknown, or standing still."""
