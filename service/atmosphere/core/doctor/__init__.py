"""Whether an environment is ready to be registered: facts that AWS gave become findings. No AWS is spoken here."""
