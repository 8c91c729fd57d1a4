"""What a cleanup stores between passes."""
