"""Every key a user can set: its section, default and meaning, said once."""

from __future__ import annotations

from dataclasses import dataclass

from allsky.clock.given import GivenBox, clock_box, given_clock_formats
from allsky.conditions import ConditionBins
from allsky.fisheye import LENSES
from allsky.recordings.still_dating import EXIF, NAME, OVERLAY
from models.description import METHOD
from models.recipe import (
    AUGMENTATIONS,
    CONTRASTS,
    ENGINE_NAMES,
    METHOD_NAMES,
    PRECISIONS,
    STRATEGIES,
    TrainingRecipe,
)
from tasks.configuration import (
    either,
    numbers,
    one_of,
    option,
    positive_real,
    positive_whole,
    real,
    share,
    text,
    whole,
    words,
)

SIMULATED = "simulated"
STILL_TIMES = (OVERLAY, NAME, EXIF)
BINS = ConditionBins()
PUBLISHED = TrainingRecipe()


def clock_boxes(value: str) -> tuple[GivenBox, ...]:
    return tuple(map(clock_box, value.strip().splitlines()))


def clock_formats(value: str) -> tuple[str, ...]:
    return tuple(each.pattern for each in given_clock_formats(value.strip().splitlines()))


@dataclass(frozen=True)
class Archive:
    videos: str = option(
        SIMULATED,
        text,
        "folder of the videos or stills, searched with its sub-folders; or `simulated`: a demonstration is made",
    )
    output: str = option("output", text, "folder that receives everything; one camera's alone")
    night_from_name: str | None = option(
        None,
        either(text, none=None),
        "strptime pattern of the date in a video's name, `%Y%m%d` say; without it one is looked for",
    )
    name_date: str = option(
        "utc",
        one_of("utc", "evening", "morning"),
        "what that date is: UTC, the night's evening or morning",
    )
    video_nights: str = option(
        "name",
        one_of("name", "clock"),
        "what tells the night of a video, or of a folder of stills: its `name` where there is a date in it, else its "
        "clock; or always the `clock`, which finds those that run over a noon",
    )
    stills_time: str | None = option(
        None,
        either(one_of(*STILL_TIMES), none=None),
        "what dates stills (JPEG, PNG): their `overlay`, file `name`, or `exif`; without it stills are passed over",
    )
    stills_name: str | None = option(
        None,
        either(text, none=None),
        "strptime pattern of date and time in a still's name, `sky_%Y%m%d_%H%M%S.jpg` say; without it they are looked "
        "for",
    )
    clock_ledger: str = option(
        "clock_ledger.csv",
        text,
        "CSV of corrections of the clock that somebody decided on; need not exist",
    )
    settle_s: float = option(
        600.0,
        real,
        "a file changed within this many seconds may be growing, and waits for the next run",
    )


@dataclass(frozen=True)
class SiteSection:
    name: str = option("", text, "short name of the camera, without blanks; begins every frame_id")
    latitude: float = option(float("nan"), real, "degrees north (WGS84)")
    longitude: float = option(float("nan"), real, "degrees east of Greenwich")
    elevation_m: float = option(0.0, real, "height in metres")
    timezone: str = option("UTC", text, "IANA name of the site's zone, `UTC`, or an offset such as `-07:00`")


@dataclass(frozen=True)
class Camera:
    disk_center: tuple[float, float] | None = option(
        None,
        either(numbers(2), auto=None),
        "centre of the sky disk, `x, y` in pixels of the video frame, or `auto`",
    )
    disk_radius: float | None = option(
        None,
        either(positive_real, auto=None),
        "radius of the sky disk in pixels of the video frame, or `auto`",
    )
    image_size: int = option(720, positive_whole, "side of the square images that are kept, in pixels")
    clock_box: tuple[GivenBox, ...] = option(
        (),
        either(clock_boxes, auto=()),
        "box around the burned-in clock, `x, y, width, height` in pixels, or `auto`; of a date and a time that stand "
        "apart one each, on a line of its own",
    )
    clock_format: tuple[str, ...] = option(
        (),
        either(clock_formats, auto=()),
        "strftime format of the burned-in clock (%Y %y %m %b %B %d %j %H %I %M %S %f %p %a %A %Z %z), or `auto`; of a "
        "date and a time that stand apart one each, on a line of its own",
    )
    clock_timezone: str | None = option(
        None,
        either(text, site=None),
        "zone of the clock where overlay, name or EXIF tell none; the site's where absent",
    )
    lens: str | None = option(
        None,
        either(one_of(*LENSES), assumed=None),
        "how the lens maps zenith angles to distances from the zenith; equidistant is assumed where absent",
    )
    radius_zenith_angle_deg: float = option(90.0, positive_real, "zenith angle at the disk's edge, in degrees")
    zenith: tuple[float, float] | None = option(
        None,
        either(numbers(2), auto=None),
        "the zenith, `x, y` in pixels; the disk's centre where absent",
    )
    north_deg: float | None = option(
        None,
        either(real, unknown=None),
        "geographic north, in degrees clockwise from the image's up",
    )
    east: str = option("left", one_of("left", "right"), "side on which east lies when north is up")
    orientation: str = option(
        "given",
        one_of("given", "unknown"),
        "`unknown`: `north_deg` is not to be trusted, and nothing is told by it",
    )


@dataclass(frozen=True)
class Sampling:
    cadence_s: int = option(60, positive_whole, "one frame is kept per this many seconds of UTC")
    jpeg_quality: int = option(92, positive_whole, "JPEG quality of the kept images, 1 to 100")


@dataclass(frozen=True)
class Conditions:
    night_below_deg: float = option(BINS.night_below_deg, real, "`Night` when the sun's altitude is at or below this")
    astronomical_below_deg: float = option(
        BINS.astronomical_below_deg,
        real,
        "`Astronomical` up to this altitude of the sun",
    )
    nautical_below_deg: float = option(BINS.nautical_below_deg, real, "`Nautical` up to this altitude of the sun")
    civil_below_deg: float = option(BINS.civil_below_deg, real, "`Civil` up to this altitude of the sun, `Day` above")
    full_elongation_deg: float = option(BINS.full_elongation_deg, real, "`Moon_Full` from this elongation (180 = full)")
    full_altitude_deg: float = option(BINS.full_altitude_deg, real, "and with the moon above this altitude")
    quarter_elongation_deg: float = option(BINS.quarter_elongation_deg, real, "`Moon_Quarter` from this elongation")
    quarter_altitude_deg: float = option(BINS.quarter_altitude_deg, real, "and with the moon above this altitude")


@dataclass(frozen=True)
class Labels:
    file: str = option("labels.csv", text, "CSV of a person's answers, or `simulated` (demonstration archive only)")
    classes: tuple[str, ...] = option(
        ("aurora", "no_aurora"),
        words,
        "the classes; `unsure` is always allowed besides",
    )
    positive: str = option("aurora", text, "the class that counts as positive")
    cloudy: str | None = option(
        None,
        either(text, none=None),
        "the answer that says cloud hides the sky: one of the classes, or with two classes a key of its own, which"
        " counts as the negative class; shares among clear frames are then given too",
    )
    per_night: int = option(
        20,
        positive_whole,
        "frames drawn from a training or validation night (at most half its dark moonless ones)",
    )
    per_cell: int = option(6, positive_whole, "frames drawn from each solar x lunar cell of an audit night")
    per_score_band: int = option(
        0,
        whole,
        "frames drawn besides from each of four bands of predicted score of an audit night, once there is a model",
    )
    training_share: float = option(0.50, share, "share of nights that train")
    validation_share: float = option(0.15, share, "share of nights that choose epoch and temperature")
    audit_share: float = option(0.35, share, "share of nights that measure")
    seed: int = option(0, whole, "key of the draw; another one gives other nights and frames")

    @property
    def cloud_key(self) -> str | None:
        """The answer about clouds that is no class, where there is one."""
        return None if self.cloudy in self.classes else self.cloudy

    @property
    def answers(self) -> tuple[str, ...]:
        """What a person may answer, besides `unsure`."""
        return (*self.classes, self.cloud_key) if self.cloud_key else self.classes

    @property
    def negative(self) -> str:
        """The other of two classes; of more, the first that is not the positive one."""
        return next(name for name in self.classes if name != self.positive)


@dataclass(frozen=True)
class Training:
    """The keys besides `model` and `name` are those of `models.recipe.TrainingRecipe`, which explains them."""

    model: str | None = option(
        None,
        either(text, train=None),
        "folder of an existing model, used instead of training",
    )
    name: str | None = option(None, either(text, backbone=None), "name of the model; the backbone's where absent")
    backbone: str = option(PUBLISHED.backbone, text, "any classifier of torchvision.models by name, or `timm:NAME`")
    weights: str = option(PUBLISHED.weights, text, "`imagenet`, `none`, or a file of weights of the backbone")
    strategy: str = option(PUBLISHED.strategy, one_of(*STRATEGIES), "what is trained when")
    image_size: int = option(PUBLISHED.image_size, positive_whole, "side of the network's input, in pixels")
    epochs_frozen: int = option(PUBLISHED.epochs_frozen, whole, "epochs with the backbone frozen")
    epochs_full: int = option(PUBLISHED.epochs_full, whole, "epochs of the whole network")
    batch_size: int = option(PUBLISHED.batch_size, positive_whole, "images in a training step")
    learning_rate: float = option(PUBLISHED.learning_rate, positive_real, "highest rate from scratch, or frozen")
    fine_tuning_rate: float = option(PUBLISHED.fine_tuning_rate, positive_real, "highest rate of pretrained weights")
    warm_up: float = option(PUBLISHED.warm_up, share, "share of a stage's steps in which the rate rises")
    weight_decay: float = option(PUBLISHED.weight_decay, real, "weight decay of AdamW")
    label_smoothing: float = option(PUBLISHED.label_smoothing, share, "share of the target spread over all classes")
    augment: str = option(PUBLISHED.augment, one_of(*AUGMENTATIONS), "`sky` (turn, mirror, expose, light) or `none`")
    grey: float = option(PUBLISHED.grey, share, "share of pictures shown without colour; more for grey cameras")
    contrast: str = option(PUBLISHED.contrast, one_of(*CONTRASTS), "`given`, or `local`: what stands out around")
    averaging: float = option(PUBLISHED.averaging, share, "decay of a running mean of the weights; 0 keeps none")
    cached_views: int = option(
        PUBLISHED.cached_views, whole, "variations of a picture kept while the backbone is frozen"
    )
    precision: str = option(PUBLISHED.precision, one_of(*PRECISIONS), "of training's arithmetic; weights are float32")
    abstain: float = option(PUBLISHED.abstain, share, "share of frames, the least sure, on which the model abstains")
    patience: int = option(PUBLISHED.patience, whole, "epochs without improvement before training stops; 0 is never")
    seed: int = option(PUBLISHED.seed, whole, "seed of everything random in training")


@dataclass(frozen=True)
class Inference:
    engine: str = option(
        "auto", one_of(*ENGINE_NAMES), f"{', '.join(f'`{name}`' for name in ENGINE_NAMES[1:])}; `auto` is the quickest"
    )
    batch_size: int | None = option(None, either(positive_whole, auto=None), "images in a batch")
    features: str = option(
        "none", one_of("none", "stored"), "`stored`: what entered the network's last layer is kept of every frame"
    )


@dataclass(frozen=True)
class Explanation:
    method: str = option(METHOD, one_of(*METHOD_NAMES), "method of the grad-cam library")
    worst: int = option(2, positive_whole, "errors of each kind shown per condition")


@dataclass(frozen=True)
class Comparison:
    backbones: tuple[str, ...] = option(
        ("efficientnet_b1", "resnet34", "mobilenet_v2"),
        words,
        "the networks that `ModelComparison` trains",
    )
    strategies: tuple[str, ...] = option(("scratch", "finetune", "frozen"), words, "and how it trains each")
    seeds: int = option(3, positive_whole, "trainings of each, with other seeds")
    weights: str | None = option(
        None,
        either(text, none=None),
        "folder of `BACKBONE.safetensors` or `.pth` files of pretrained weights (`timm:` is written `timm-`); of other "
        "backbones those in PyTorch's cache",
    )
    image_size: int | None = option(None, either(positive_whole, auto=None), "pixels; 224, without a GPU 96")
    epochs: int | None = option(None, either(positive_whole, auto=None), "epochs of each; 20, without a GPU 5")
    frames: int | None = option(None, either(positive_whole, auto=None), "training frames; all, without a GPU 600")
    batch_size: int | None = option(None, either(positive_whole, auto=None), "images in a step; 64, without a GPU 16")


@dataclass(frozen=True)
class Leakage:
    partitions: int = option(10, positive_whole, "partitions of the nights that `LeakageGap` trains on")
    seeds: int = option(3, positive_whole, "trainings on each partition and split, with other seeds")


@dataclass(frozen=True)
class Report:
    threshold: float | None = option(
        None,
        either(share, model=None),
        "probability from which a frame counts as positive; the model's own rule where absent",
    )
    title: str | None = option(None, either(text, auto=None), "heading of the page")
    keogram_meridian: str = option(
        "magnetic",
        one_of("magnetic", "geographic"),
        "north of the keograms, where `[camera] north_deg` is given; else they follow the image's vertical",
    )


@dataclass(frozen=True)
class Execution:
    engine: str = option(
        "local",
        one_of("local", "dask"),
        "where nights are done: `local`, processes of this machine, or `dask`, workers of a cluster",
    )
    workers: int | None = option(
        None,
        either(positive_whole, auto=None),
        "processes at once (`dask`: months handed to the cluster at once); the machine's cores where absent",
    )
    scheduler: str | None = option(
        None,
        either(text, own=None),
        "address of the group's Dask scheduler, `tls://HOST:PORT`; without it a cluster of its own on this machine",
    )
    tls_ca: str | None = option(None, either(text, none=None), "certificate of the authority that signed the others")
    tls_cert: str | None = option(None, either(text, none=None), "certificate of this machine, or of its user")
    tls_key: str | None = option(None, either(text, none=None), "and its private key")
    scheduler_timeout_s: float = option(60.0, positive_real, "so long the scheduler may take to answer")
    start_timeout_s: float = option(300.0, positive_real, "so long a cluster of its own may take to start")
    worker_timeout_s: float = option(3600.0, positive_real, "so long a run waits while the cluster has no worker")
    retries: int = option(
        2, whole, "so often a night that failed on a worker is tried again, elsewhere where it can be"
    )
    shared_lag_s: float = option(
        90.0,
        positive_real,
        "so long what one machine has written may take to be seen by the others",
    )


@dataclass(frozen=True)
class SimulationSection:
    nights: int | tuple[str, ...] | None = option(
        None,
        either(positive_whole, words, auto=None),
        "how many nights of the demonstration archive, or dates of evenings; its own where absent",
    )
    cadence_s: int | None = option(None, either(positive_whole, auto=None), "seconds of sky between its frames")
    seed: int | None = option(None, either(whole, auto=None), "seed of its weather, aurora and noise")


SECTIONS = {
    "archive": Archive,
    "site": SiteSection,
    "camera": Camera,
    "sampling": Sampling,
    "conditions": Conditions,
    "labels": Labels,
    "training": Training,
    "inference": Inference,
    "explanation": Explanation,
    "comparison": Comparison,
    "leakage": Leakage,
    "report": Report,
    "execution": Execution,
    "simulation": SimulationSection,
}
