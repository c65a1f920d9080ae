"""The libraries that figures and statistics need, imported together: about a second, so a server does it ahead."""

import plotly.graph_objects
import scipy.special
import scipy.stats
import statsmodels.stats.proportion

__all__ = ["plotly", "scipy", "statsmodels"]
