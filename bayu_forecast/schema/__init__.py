"""Names of the library's arrays and tables, and the checks that hold them to it (floor F1)."""
