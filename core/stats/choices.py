"""What an analysis can be asked for, by name; without numpy, so that the command line starts at once."""

from typing import Literal

Metric = Literal["auc", "sensitivity", "specificity", "accuracy"]
Covariance = Literal["delong", "jackknife", "unbiased"]
Factor = Literal["random", "fixed"]
