"""The words of a study as enumerations: the values that the database, the browser and the exports share."""

from enum import StrEnum


class Role(StrEnum):
    """What an account may do in the installation. `NONE` is the plain account; what it may do, its studies say."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"
    NONE = "reader"  # the stored value of the first version, kept


class StudyRole(StrEnum):
    """What an account may do in one study. Readers have rows of their own, with group and pseudonym."""

    OWNER = "owner"
    COORDINATOR = "coordinator"
    OBSERVER = "observer"
    STATISTICIAN = "statistician"
    READER = "reader"
