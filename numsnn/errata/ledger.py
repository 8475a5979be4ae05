"""All errata, in the order of the papers."""

from numsnn.errata import cross, im_loss, mpbn, psg_pda, recdis, tdbn
from numsnn.errata.entry import PAPERS, Erratum
from numsnn.errors import NumsnnError

ENTRIES: dict[str, tuple[Erratum, ...]] = {
    "recdis": recdis.ENTRIES,
    "psg-pda": psg_pda.ENTRIES,
    "mpbn": mpbn.ENTRIES,
    "tdbn": tdbn.ENTRIES,
    "im-loss": im_loss.ENTRIES,
    "cross": cross.ENTRIES,
}


def ledger(paper: str | None = None) -> tuple[Erratum, ...]:
    """The errata of one paper (a key of PAPERS; "cross" for those between papers), or of all.

    Raises NumsnnError for an unknown paper.
    """
    if paper is None:
        return tuple(entry for entries in ENTRIES.values() for entry in entries)
    if paper not in ENTRIES:
        raise NumsnnError(f"ledger: no paper {paper!r}, expected one of {', '.join(PAPERS)}")
    return ENTRIES[paper]
