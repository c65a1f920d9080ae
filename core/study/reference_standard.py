"""What the description of the reference standard says against itself, or against the protocol."""

from core.study.protocol import Protocol


def contradictions(protocol: Protocol, *, by_reader: bool) -> list[str]:
    """Return a sentence for each contradiction; `by_reader` says that a reader of the study authored some truth."""
    said = protocol.reference
    blinded = said.blinded_to.casefold()
    found = []
    if said.panel and said.rests_on and "expert panel" not in said.rests_on:
        found.append("A panel decides the truth, but what the truth rests on does not name an expert panel.")
    if protocol.readers_may_author_truth and "reader" in blinded:
        found.append("The truth is said to be blinded to the readers, but readers of the study may author it.")
    if by_reader and "reader" in blinded:
        found.append("The truth is said to be blinded to the readers, but a reader of the study authored some of it.")
    if said.rests_on == ("CT",):
        found.append("The truth rests on the CT alone, the same images that the readers and the AI judge.")
    if "ct" in blinded.replace(",", " ").split() and "CT" in said.rests_on:
        found.append("The truth rests on the CT, but who established it is said to be blinded to the CT.")
    return found
