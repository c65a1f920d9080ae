"""A simulated, unblinded study of known parameters: for tests, for timing the results, for trying them out."""

from db.simulated.plan import BEGAN, CLASSES, Plan
from db.simulated.study import seed_study

__all__ = ["BEGAN", "CLASSES", "Plan", "seed_study"]
