"""Every column of the tables that training leaves in a model's folder."""

from __future__ import annotations

from allsky.columns import REAL, TEXT, TRUTH, WHOLE, Table, chosen, columns
from allsky.tables import SPLIT

HISTORY = Table(
    "history",
    "an epoch of a model's training; training figures are of pictures as they taught, augmented",
    columns(
        ("epoch", WHOLE, "", "its number, from 1"),
        ("stage", TEXT, "", "what learnt in it: `frozen` (the last layer) or `full` (all of the network)"),
        ("learning_rate", REAL, "", "that of its last step"),
        ("train_loss", REAL, "nat", "mean of the loss that was made smaller, with class weights and smoothing"),
        ("train_accuracy", REAL, "", "share of training pictures decided rightly"),
        ("validation_loss", REAL, "nat", "mean log loss of validation frames, weighted"),
        ("validation_accuracy", REAL, "", "share of validation frames decided rightly, weighted"),
        ("kept", TRUTH, "", "whether the model is that of this epoch"),
    ),
)

VALIDATION = Table(
    "validation",
    "a validation frame and the model's answer for it; a column p_<class> for each class stands before `predicted`",
    (
        *chosen(SPLIT.columns, "frame_id", "night", "label", "weight"),
        *columns(("predicted", TEXT, "", "the class by the model's own rule")),
    ),
    open_ended=True,
)
