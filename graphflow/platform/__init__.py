"""What a program needs around its graph: flags, the main function, logging, files, records."""
