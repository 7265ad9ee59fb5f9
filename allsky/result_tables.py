"""Every column of the report's tables: what was concluded, and on what it stands."""

from __future__ import annotations

from allsky.columns import REAL, TEXT, WHOLE, Table, chosen, columns

_RATE = "weighted; null where not measured"
_STATUS = "`measured` (30 of these nights or more), `few nights` (5 to 29) or `not measured`"
_OUTSIDE = "corrected by the audit, in nights outside training; null under 40 audit nights"

CONDITION_TABLE = Table(
    "condition_table",
    "a cell (solar x lunar), a margin (bin = `All`) or everything",
    columns(
        ("solar_bin", TEXT, "", "solar bin or `All`"),
        ("lunar_bin", TEXT, "", "lunar bin or `All`"),
        ("class", TEXT, "", "the class counted as positive"),
        ("n_frames", WHOLE, "", "predicted frames"),
        ("n_nights", WHOLE, "", "nights with a predicted frame"),
        ("n_positive", WHOLE, "", "frames predicted positive"),
        ("positive_ratio", REAL, "", "share of frames predicted positive, n_positive / n_frames"),
        ("positive_ratio_low", REAL, "", "lower end of its 95 % interval"),
        ("positive_ratio_high", REAL, "", "upper end of its 95 % interval"),
        ("n_labelled", WHOLE, "", "audit frames labelled, unsure not counted"),
        ("n_audit_nights", WHOLE, "", "audit nights with a labelled frame"),
        ("n_unsure", WHOLE, "", "audit frames labelled unsure"),
        ("tp", WHOLE, "", "labelled positive, predicted positive (raw count)"),
        ("fp", WHOLE, "", "labelled negative, predicted positive (raw count)"),
        ("tn", WHOLE, "", "labelled negative, predicted negative (raw count)"),
        ("fn", WHOLE, "", "labelled positive, predicted negative (raw count)"),
        ("fpr", REAL, "", f"false positive rate, {_RATE}"),
        ("fpr_low", REAL, "", "lower end of its 95 % interval"),
        ("fpr_high", REAL, "", "upper end of its 95 % interval"),
        ("fpr_nights", WHOLE, "", "audit nights with a frame labelled negative, the nights `fpr` stands on"),
        ("fpr_status", TEXT, "", _STATUS),
        ("fnr", REAL, "", f"false negative rate, {_RATE}"),
        ("fnr_low", REAL, "", "lower end of its 95 % interval"),
        ("fnr_high", REAL, "", "upper end of its 95 % interval"),
        ("fnr_nights", WHOLE, "", "audit nights with a frame labelled positive, the nights `fnr` stands on"),
        ("fnr_status", TEXT, "", _STATUS),
        ("precision", REAL, "", _RATE),
        ("precision_low", REAL, "", "lower end of its 95 % interval"),
        ("precision_high", REAL, "", "upper end of its 95 % interval"),
        ("recall", REAL, "", f"1 - fnr, {_RATE}"),
        ("recall_low", REAL, "", "lower end of its 95 % interval"),
        ("recall_high", REAL, "", "upper end of its 95 % interval"),
        ("f1", REAL, "", _RATE),
        ("f1_low", REAL, "", "lower end of its 95 % interval; null where `fnr_nights` is under 40"),
        ("f1_high", REAL, "", "upper end of its 95 % interval"),
        ("corrected_ratio", REAL, "", f"share that a labeller would call positive, {_OUTSIDE}"),
        ("corrected_low", REAL, "", "lower end of its 95 % interval"),
        ("corrected_high", REAL, "", "upper end of its 95 % interval"),
        ("corrected_frames", WHOLE, "", "predicted frames of nights outside training, which it stands on"),
        ("corrected_nights", WHOLE, "", "nights outside training with a predicted frame"),
        ("corrected_audit_nights", WHOLE, "", "those of them with an answered audit frame, unsure counted"),
        ("rogan_gladen", REAL, "", "the same share from sensitivity and specificity; null also where they say little"),
        ("rogan_gladen_low", REAL, "", "lower end of its 95 % interval"),
        ("rogan_gladen_high", REAL, "", "upper end of its 95 % interval"),
        ("interval_method", TEXT, "", "how the intervals of the error rates were computed"),
        ("status", TEXT, "", "that of the rate with more nights; each rate has its own"),
    ),
)

CONTRASTS = Table(
    "contrasts",
    "an error rate of one condition against that of moonless night",
    columns(
        ("kind", TEXT, "", "`stated beforehand` (the two published claims) or `exploratory`"),
        ("rate", TEXT, "", "`fpr` or `fnr`"),
        ("solar_bin", TEXT, "", "solar bin"),
        ("lunar_bin", TEXT, "", "lunar bin"),
        ("value", REAL, "", "the rate there; null where either is not measured"),
        ("reference", REAL, "", "the rate at Night x No_Moon"),
        ("difference", REAL, "", "value - reference"),
        ("low", REAL, "", "lower end of its 95 % interval"),
        ("high", REAL, "", "upper end of its 95 % interval"),
        ("p", REAL, "", "two-sided p-value of no difference, by inverting the interval; 1e-6 at least"),
        ("p_adjusted", REAL, "", "adjusted by Holm (stated beforehand) or Benjamini and Hochberg (exploratory)"),
        ("verdict", TEXT, "", "`supported`, `contradicted` (of a claim), `higher`, `lower`, or `not decidable`"),
        ("detectable", REAL, "", "smallest difference seen with a chance of 80 %, even if the only one of its kind"),
        ("n_nights", WHOLE, "", "audit nights the rate there stands on"),
        ("reference_nights", WHOLE, "", "audit nights the reference stands on"),
    ),
)

CONFUSION = Table(
    "confusion",
    "a label and a prediction in one condition, a margin (bin = `All`) or all",
    columns(
        ("solar_bin", TEXT, "", "solar bin or `All`"),
        ("lunar_bin", TEXT, "", "lunar bin or `All`"),
        ("label", TEXT, "", "what the audit frames were labelled"),
        ("predicted", TEXT, "", "what they were predicted as"),
        ("n_frames", WHOLE, "", "audit frames of that label so predicted (raw count)"),
        ("share", REAL, "", "their weighted share of the label's frames; null on fewer than 5 nights"),
        ("n_nights", WHOLE, "", "audit nights with a frame of that label"),
    ),
)

RULE_COMPARISON = Table(
    "rule_comparison",
    "the model and the green-pixel rule on the audit frames of one condition, or of all (bin = `All`)",
    columns(
        ("solar_bin", TEXT, "", "solar bin or `All`"),
        ("lunar_bin", TEXT, "", "lunar bin or `All`"),
        ("n_frames", WHOLE, "", "audit frames labelled, unsure not counted"),
        ("n_nights", WHOLE, "", "their nights"),
        ("model", REAL, "", "share that the model decides rightly, weighted; null on fewer than 5 nights"),
        ("model_low", REAL, "", "lower end of its 95 % interval"),
        ("model_high", REAL, "", "upper end of its 95 % interval"),
        ("rule", REAL, "", "share that the rule decides rightly, weighted"),
        ("rule_low", REAL, "", "lower end of its 95 % interval"),
        ("rule_high", REAL, "", "upper end of its 95 % interval"),
        ("difference", REAL, "", "model - rule, paired by night"),
        ("difference_low", REAL, "", "lower end of its 95 % interval"),
        ("difference_high", REAL, "", "upper end of its 95 % interval"),
    ),
)

AGREEMENT = Table(
    "agreement",
    "two labellers on the frames that both answered",
    columns(
        ("first", TEXT, "", "a labeller"),
        ("second", TEXT, "", "another"),
        ("answers", TEXT, "", "`all` (unsure is an answer too) or `sure` (frames that neither called unsure)"),
        ("n_frames", WHOLE, "", "frames that both answered"),
        ("n_nights", WHOLE, "", "their nights"),
        ("agreement", REAL, "", "share of them with equal answers"),
        ("agreement_low", REAL, "", "lower end of its 95 % interval; null with fewer than 5 nights"),
        ("agreement_high", REAL, "", "upper end of its 95 % interval"),
        ("kappa", REAL, "", "Cohen's kappa; null where both gave one answer only"),
        ("kappa_low", REAL, "", "lower end of its 95 % interval; null with fewer than 5 nights"),
        ("kappa_high", REAL, "", "upper end of its 95 % interval"),
    ),
)

LABELLER_RATES = Table(
    "labeller_rates",
    "a condition's error rates as one labeller's answers, or the settled ones, give them",
    (
        *columns(
            ("judge", TEXT, "", "a labeller, or `settled`: each frame's one answer, adjudicated where it was"),
            ("frames", TEXT, "", "`theirs` (every audit frame the judge answered) or `shared` (answered by several)"),
        ),
        *chosen(
            CONDITION_TABLE.columns,
            *("solar_bin", "lunar_bin", "class", "n_labelled", "n_audit_nights", "n_unsure", "tp", "fp", "tn", "fn"),
            *("fpr", "fpr_low", "fpr_high", "fpr_nights", "fpr_status"),
            *("fnr", "fnr_low", "fnr_high", "fnr_nights", "fnr_status", "status"),
        ),
    ),
)

HOURS = Table(
    "hours",
    "the predicted frames of one night in one hour of a clock",
    columns(
        ("night", TEXT, "", "date of the night's evening"),
        ("clock", TEXT, "", "`UTC`, or `MLT`: magnetic local time at the height of the aurora over the site"),
        ("hour", WHOLE, "h", "whole hour of that clock, 0 to 23"),
        ("n_frames", WHOLE, "", "predicted frames"),
        ("n_positive", WHOLE, "", "frames predicted positive"),
        ("n_clear", WHOLE, "", "frames not predicted cloudy; null where no class says cloudy"),
        (
            "n_called_clear",
            WHOLE,
            "",
            "drawn audit frames that labellers called clear; null without a key for clouds",
        ),
        ("w_called_clear", REAL, "", "sum of their weights (1 / inclusion probability)"),
        ("ww_called_clear", REAL, "", "sum of their squared weights"),
        ("w_called_positive", REAL, "", "sum of the weights of those labelled positive"),
    ),
)

RESULT_TABLES = (CONDITION_TABLE, CONTRASTS, CONFUSION, RULE_COMPARISON, AGREEMENT, LABELLER_RATES, HOURS)
