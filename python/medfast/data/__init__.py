"""The sets: what is known of them, where their files are, how to fetch and to open them."""

from medfast.data.catalog import CATALOG, DatasetInfo, lookup
from medfast.data.dataset import Dataset, Split, open_dataset, open_file

__all__ = ["CATALOG", "Dataset", "DatasetInfo", "Split", "lookup", "open_dataset", "open_file"]
