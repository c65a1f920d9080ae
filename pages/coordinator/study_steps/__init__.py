"""The steps of a study, one file a step."""
