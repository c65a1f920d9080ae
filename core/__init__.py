"""The science of Parallax: imaging, AI, statistics, study rules and reports. Knows neither web nor database."""

import os

__version__ = "0.2.0"

# Threads of a network that wait for each other soon give their core back; torch's OpenMP reads this when it loads. By
# default they spin for milliseconds, and where others want the cores too a read then takes three times as long.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
