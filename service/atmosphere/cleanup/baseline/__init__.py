"""What must stay: capturing it, adopting into it, comparing and restoring it."""
