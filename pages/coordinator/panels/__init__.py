"""The steps of a study's page, one module a step: each has show(me, study)."""
