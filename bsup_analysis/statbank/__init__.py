"""Population and start loans of municipalities, fetched from Statistics Norway's StatBank.

`fetch_population` and `fetch_startlaan` are the entries; both ask through a `Client`, one for each
fetch, and return a frozen `Fetched`.
"""

from bsup_analysis.statbank.client import Client
from bsup_analysis.statbank.fetch import Fetched, fetch_population, fetch_startlaan
from bsup_analysis.statbank.patience import Limits

__all__ = ["Client", "Fetched", "Limits", "fetch_population", "fetch_startlaan"]
