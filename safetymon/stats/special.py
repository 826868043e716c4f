"""The special functions of SciPy that the methods use, from the modules in which SciPy keeps them.

`scipy.special` offers the same ones, to other array libraries too; that takes a look's twentieth to
import. A test holds the two to each other.
"""

from scipy.special._lambertw import lambertw
from scipy.special._ufuncs import (
    bdtrc,
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    betaln,
    erfinv,
    gammaincc,
    gammainccinv,
    gammaincinv,
    gammaln,
    ndtr,
    ndtri,
    pdtrc,
    xlogy,
)

__all__ = [
    "bdtrc",
    "betainc",
    "betaincc",
    "betainccinv",
    "betaincinv",
    "betaln",
    "erfinv",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "gammaln",
    "lambertw",
    "ndtr",
    "ndtri",
    "pdtrc",
    "xlogy",
]
