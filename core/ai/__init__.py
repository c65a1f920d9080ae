"""Networks, lungs, slice calls, the patient rule, the pipeline, explanation and weights."""
