"""What is installed on other machines: wheels that hold a part of the import package `atmosphere`."""
