"""Procedural chest CT: bodies, lungs, vessels and pneumonias made from a seed, with exact labels."""

from core.training.procedural.case import Case, procedural_case

__all__ = ["Case", "procedural_case"]
