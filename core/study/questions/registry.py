"""The list of question kinds. Protocol, lock, exports, case page and setup page work from it and from nothing else."""

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from core.study.questions.choice import Choice
from core.study.questions.choices import Choices
from core.study.questions.grade import Grade
from core.study.questions.mark import Mark
from core.study.questions.number import Number
from core.study.questions.question import ID, Question, repeated
from core.study.questions.scale import Scale
from core.study.questions.text import Text

AnyQuestion = Choice | Choices | Grade | Number | Text | Scale | Mark
KINDS: dict[str, type[Question]] = {
    str(question.__dataclass_fields__["kind"].default): question for question in get_args(AnyQuestion)
}


def without_unused(data: Any) -> Any:
    """Leave out what an older protocol kept empty because its kind did not use it."""
    return {name: value for name, value in data.items() if value not in (None, [])} if isinstance(data, dict) else data


class ByKind:
    """Parse a question as the kind its `kind` names."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of all kinds together."""
        kinds = Annotated[AnyQuestion, Field(discriminator="kind"), BeforeValidator(without_unused)]
        return handler.generate_schema(kinds)


StoredQuestion = Annotated[Question, ByKind()]


def new_question(kind: str) -> Question:
    """Return a question of a kind with nothing settled yet."""
    return KINDS[kind](id="", label="", kind=kind)


def question_problems(questions: tuple[Question, ...]) -> tuple[str, ...]:
    """Return a sentence for everything that keeps these questions from being asked."""
    problems = []
    for number, question in enumerate(questions, start=1):
        name = f"Question {number} ({question.label or 'without a text'})"
        problems += [f"{name} {fault}." for fault in [*_naming_faults(question), *question.faults()]]
    ids = [question.id for question in questions]
    return (*problems, *(f"The question id {twice} is used twice; change one." for twice in repeated(ids)))


def _naming_faults(question: Question) -> list[str]:
    faults = []
    if not question.label.strip():
        faults.append("needs a text")
    if not ID.fullmatch(question.id):
        faults.append("needs an id of small letters, digits and _, starting with a letter, 40 characters at most")
    return faults
