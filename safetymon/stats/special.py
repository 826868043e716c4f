"""The special functions of SciPy that the methods use, from the modules in which SciPy keeps them.

`scipy.special` offers the same ones, to other array libraries too; that takes a twentieth of a look
to import, unless the package itself waits (`late`). A test holds the two to each other.
"""

try:
    import scipy.special._ufuncs as kept
    from scipy.special._lambertw import lambertw
except ImportError:  # this SciPy keeps them elsewhere: the same ones, only later
    import scipy.special as kept  # type: ignore[no-redef]  # one of the two is there
    from scipy.special import lambertw

bdtrc = kept.bdtrc
betainc = kept.betainc
betaincc = kept.betaincc
betainccinv = kept.betainccinv
betaincinv = kept.betaincinv
betaln = kept.betaln
erfinv = kept.erfinv
gammaincc = kept.gammaincc
gammainccinv = kept.gammainccinv
gammaincinv = kept.gammaincinv
gammaln = kept.gammaln
ndtr = kept.ndtr
ndtri = kept.ndtri
pdtrc = kept.pdtrc
xlogy = kept.xlogy

__all__ = [
    "bdtrc", "betainc", "betaincc", "betainccinv", "betaincinv", "betaln", "erfinv", "gammaincc",
    "gammainccinv", "gammaincinv", "gammaln", "lambertw", "ndtr", "ndtri", "pdtrc", "xlogy",
]  # fmt: skip
