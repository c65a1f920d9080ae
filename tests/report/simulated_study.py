"""The simulated study, where tests used to find it."""

from db.simulated import BEGAN, CLASSES, Plan, seed_study

__all__ = ["BEGAN", "CLASSES", "Plan", "seed_study"]
