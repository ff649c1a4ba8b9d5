"""The two scripts that run in processes of their own; they import nothing but the standard library."""
