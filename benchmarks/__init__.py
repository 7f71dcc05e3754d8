"""How fast the analysis is, against other programs, on one real trajectory."""
