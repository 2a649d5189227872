"""The parts of a section, a file for each subject."""
