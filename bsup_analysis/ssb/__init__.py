"""Population and start loans of municipalities, fetched from Statistics Norway's StatBank.

`fetch_population` and `fetch_startlaan` are the entries; both return a frozen `Fetched`.
"""

from bsup_analysis.ssb.fetched import Fetched, fetch_population, fetch_startlaan
from bsup_analysis.ssb.limits import Limits
from bsup_analysis.ssb.obtain import Progress
from bsup_analysis.ssb.statbank import Addresses

__all__ = ["Addresses", "Fetched", "Limits", "Progress", "fetch_population", "fetch_startlaan"]
