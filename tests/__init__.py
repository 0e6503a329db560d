"""The tests: one folder for each part of the program, and the fakes they share."""
