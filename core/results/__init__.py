"""The results of a study: its rows, the comparison, the verdict, subgroups, and a panel for each question."""
