"""What others install and read: the wheels, each with a part of the import package `atmosphere`, and the site."""
