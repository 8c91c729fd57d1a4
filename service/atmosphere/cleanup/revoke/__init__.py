"""How the credentials of an allocation die before anything is deleted."""
