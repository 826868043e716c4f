"""The special functions of SciPy that the methods use, from the modules in which SciPy keeps them.

`scipy.special` offers the same ones, to other array libraries too; that takes a twentieth of a look
to import, unless the package itself waits (`late`). A test holds the two to each other.
"""

try:
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
except ImportError:  # this SciPy keeps them elsewhere: the same ones, only later
    from scipy.special import (
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
        lambertw,
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
