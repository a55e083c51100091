"""Operations: one block each, in files by family; importing the package defines them all."""
