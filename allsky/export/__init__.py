"""A corpus as one file for other programs: predictions and conditions of every frame, described as CF and ACDD ask.

`variables` says what each column is called there; `attributes` what the file says of itself; `netcdf` and `flat` write.
"""

from allsky.export.attributes import global_attributes
from allsky.export.flat import csv_description, write_csv, write_parquet
from allsky.export.netcdf import write_netcdf
from allsky.export.variables import exported_table, variables

WRITERS = {"netcdf": write_netcdf, "csv": write_csv, "parquet": write_parquet}

__all__ = [
    "WRITERS",
    "csv_description",
    "exported_table",
    "global_attributes",
    "variables",
    "write_csv",
    "write_netcdf",
    "write_parquet",
]
