"""The parts of one study: design, reading, results, report and history."""
