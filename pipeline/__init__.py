"""What a person launches: `luigi --module pipeline FullCorpusReport`."""

from pipeline import launch
from tasks.camera_epochs import CameraEpochs
from tasks.full_corpus_report import FullCorpusReport
from tasks.gradcam_gallery import GradCamGallery
from tasks.label_split import LabelSplit
from tasks.leakage_gap import LeakageCell, LeakageGap
from tasks.model_comparison import ComparisonCell, ModelComparison
from tasks.month_clock_audit import MonthClockAudit
from tasks.month_frames import MonthFrames
from tasks.month_keograms import MonthKeograms
from tasks.month_predictions import MonthPredictions
from tasks.night_clock import NightClock
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.nightly_update import NightlyUpdate
from tasks.scored_sheet import ScoredSheet
from tasks.sheets import AuditSheet, LabelSheet
from tasks.simulated_labels import SimulatedLabels
from tasks.simulation import SimulatedArchive, SimulatedNight
from tasks.sky_disk import SkyDisk
from tasks.train_classifier import TrainClassifier
from tasks.video_inventory import VideoInventory

__all__ = [
    "AuditSheet",
    "CameraEpochs",
    "ComparisonCell",
    "FullCorpusReport",
    "GradCamGallery",
    "LabelSheet",
    "LabelSplit",
    "LeakageCell",
    "LeakageGap",
    "ModelComparison",
    "MonthClockAudit",
    "MonthFrames",
    "MonthKeograms",
    "MonthPredictions",
    "NightClock",
    "NightConditions",
    "NightFrames",
    "NightlyUpdate",
    "ScoredSheet",
    "SimulatedArchive",
    "SimulatedLabels",
    "SimulatedNight",
    "SkyDisk",
    "TrainClassifier",
    "VideoInventory",
]

launch.install()
