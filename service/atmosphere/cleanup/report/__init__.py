"""What a cleanup says at its end, for people and for programs."""
