"""Poisson regression of municipality panels, with a leading axis of panels (`batch`).

`fit` estimates, `jackknife` leaves out each cluster, `score` tests without refitting. The study
fits one panel with it, the simulation thousands: size and power are those of the code that the
study runs. `METHODS.md` (size and power, 2 and 3) derives what the modules compute.
"""
