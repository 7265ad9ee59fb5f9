"""The report: tables in, one self-contained HTML page and its figures out."""

from allsky.report.data import CameraChange, GalleryItem, Keogram, Neighbour, Problem, ReportData
from allsky.report.drawings import write_figures
from allsky.report.page import render_report

__all__ = [
    "CameraChange",
    "GalleryItem",
    "Keogram",
    "Neighbour",
    "Problem",
    "ReportData",
    "render_report",
    "write_figures",
]
