"""What the papers get wrong, leave open or contradict, and what numsnn does about it.

    for erratum in ledger("tdbn"):
        print(erratum.id, erratum.wrong, erratum.correct)
        for shown in erratum.demonstration() if erratum.demonstration else ():
            print(shown.what, shown.printed, shown.corrected, shown.measured)

A demonstration computes its numbers afresh and asserts that the measured one agrees with the
corrected and disagrees with the printed.
"""

from numsnn.errata.entry import KINDS, PAPERS, Demonstration, Erratum
from numsnn.errata.ledger import ledger

__all__ = ["KINDS", "PAPERS", "Demonstration", "Erratum", "ledger"]
