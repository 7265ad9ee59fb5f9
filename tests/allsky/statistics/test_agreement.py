"""How far two people agree, said as others compute it, and what their disagreements become."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa as kappa_of_statsmodels

from allsky.labels.answers import ADJUDICATED, settled_labels
from allsky.statistics.agreement import agreement_table, cohens_kappa, disagreements, settling_counts
from allsky.statistics.consecutive import freedom_of_nights
from allsky.tables import AGREEMENT

YES, NO = "aurora", "no_aurora"


def answers(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["frame_id", "labeller", "label"])


FIRST = np.datetime64("2022-12-01")


def of_nights(generator, n_nights: int, a: float, b: float, lasting: float) -> np.ndarray:
    """A share of each night, beta distributed, its normal score correlated with that of the night before."""
    score = generator.standard_normal(n_nights)
    for night in range(1, n_nights) if lasting else ():
        score[night] = lasting * score[night - 1] + np.sqrt(1 - lasting**2) * score[night]
    return stats.beta.ppf(stats.norm.cdf(score), a, b)


def pairs(
    generator, n_nights: int, per_night: int, spread: float = 0.2, lasting: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two people who err alike on hard nights: the first is right, the second wrong as often as the night has it."""
    nights = np.repeat(FIRST + np.arange(n_nights), per_night)
    hard = np.repeat(of_nights(generator, n_nights, 0.1 / spread, 0.9 / spread, lasting), per_night)
    bright = np.repeat(of_nights(generator, n_nights, 1.2, 2.8, lasting), per_night)
    first = np.where(generator.random(len(nights)) < bright, YES, NO)
    wrong = generator.random(len(nights)) < hard
    return first, np.where(wrong, np.where(first == YES, NO, YES), first), nights


def test_kappa_of_a_published_table_is_the_published_one():
    # Fleiss, Cohen & Everitt 1969, Psychol. Bull. 72, 323, table 1, as in statsmodels' own tests: kappa 0.429.
    table = np.array([[0.53, 0.05, 0.02], [0.11, 0.14, 0.05], [0.01, 0.06, 0.03]]) * 200
    counts = table.round().astype(int)
    first, second = (
        np.repeat([f"c{side[cell]}" for cell in range(9)], counts.ravel()) for side in np.divmod(range(9), 3)
    )
    found = cohens_kappa(first, second, FIRST + np.arange(len(first)) % 50)
    assert found.value == pytest.approx(0.429, abs=5e-4)


def test_kappa_is_that_of_another_library():
    first, second, nights = pairs(np.random.default_rng(3), 30, 10)
    table = pd.crosstab(first, second)
    assert cohens_kappa(first, second, nights).value == pytest.approx(kappa_of_statsmodels(table.to_numpy()).kappa)


def test_independent_frames_get_the_interval_of_independent_frames():
    # A night of one frame: the jackknife is then the usual large-sample interval of statsmodels (Fleiss et al. 1969).
    first, second, _ = pairs(np.random.default_rng(4), 600, 1, spread=0.02)
    found = cohens_kappa(first, second, FIRST + 40 * np.arange(600))
    usual = kappa_of_statsmodels(pd.crosstab(first, second).to_numpy())
    assert found.low == pytest.approx(usual.kappa_low, abs=0.01)
    assert found.high == pytest.approx(usual.kappa_upp, abs=0.01)


@pytest.mark.parametrize(("lasting", "n_nights"), [(0.0, 10), (0.0, 40), (0.5, 40)])
def test_the_interval_holds_what_it_promises_over_nights_where_that_of_frames_does_not(lasting, n_nights):
    generator = np.random.default_rng(5)
    first, second, nights = pairs(generator, 20_000, 10)
    truth = cohens_kappa(first, second, nights).value
    covered, naive = [], []
    for _ in range(120):
        first, second, nights = pairs(generator, n_nights, 10, lasting=lasting)
        ours, usual = cohens_kappa(first, second, nights), kappa_of_statsmodels(pd.crosstab(first, second).to_numpy())
        covered.append(ours.low <= truth <= ours.high)
        naive.append(usual.kappa_low <= truth <= usual.kappa_upp)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)
    assert np.mean(naive) < 0.85


def test_the_variance_is_that_of_statsmodels_where_neighbours_are_alike():
    """Its HAC covariance of the mean of the pseudo-values that leaving out each night gives."""
    first, second, nights = pairs(np.random.default_rng(9), 400, 10, lasting=0.5)
    found = cohens_kappa(first, second, nights)
    without = np.array([cohens_kappa(*(side[nights != night] for side in (first, second, nights))).value
                        for night in np.unique(nights)])  # fmt: skip
    pseudo = 400 * found.value - 399 * without
    reach = 1.3 * np.sqrt(400)
    fit = sm.OLS(pseudo, np.ones(400)).fit(cov_type="HAC", cov_kwds={"maxlags": round(reach) - 1})
    # Here statsmodels takes a whole number of lags, and gives nothing back for subtracting the mean.
    around_mean = np.arctanh([found.low, found.high])
    half = np.diff(around_mean)[0] / 2 * (1 - found.value**2)
    freedom = freedom_of_nights(np.unique(nights))
    assert half / stats.t.ppf(0.975, freedom) == pytest.approx(fit.bse[0], rel=0.06)
    assert half / stats.t.ppf(0.975, freedom) > fit.bse[0]


def test_perfect_agreement_on_few_nights_is_not_called_certain():
    first, _, nights = pairs(np.random.default_rng(6), 10, 5)
    found = cohens_kappa(first, first, nights)
    assert (found.value, found.high) == (1.0, 1.0)
    # Clopper-Pearson with 10 of 10 nights: from 69 % alike.
    assert 0.2 < found.low < 0.6


def test_one_answer_for_everything_has_no_kappa():
    assert np.isnan(cohens_kappa([YES] * 9, [YES] * 9, range(9)).value)


def frames_and_labels(n_nights: int):
    first, second, nights = pairs(np.random.default_rng(8), n_nights, 4)
    frames = pd.DataFrame({"night": nights, "frame_id": [f"f{number}" for number in range(len(nights))]})
    second[:3] = "unsure"
    both = [frames[["frame_id"]].assign(labeller=who, label=said) for who, said in (("ann", first), ("bo", second))]
    return frames, pd.concat(both, ignore_index=True)


def test_the_table_counts_all_answers_and_the_sure_ones_and_fits_its_schema():
    frames, labels = frames_and_labels(12)
    table = agreement_table(labels, frames)
    AGREEMENT.to_arrow(table)
    assert table[["first", "second", "answers"]].to_numpy().tolist() == [["ann", "bo", "all"], ["ann", "bo", "sure"]]
    assert table["n_frames"].tolist() == [48, 45]
    assert (table["agreement_low"] < table["agreement"]).all()


def test_too_few_nights_have_no_interval_and_adjudicated_answers_are_nobody_s():
    frames, labels = frames_and_labels(4)
    settled = labels[labels["labeller"] == "ann"].assign(labeller=ADJUDICATED)
    table = agreement_table(pd.concat([labels, settled]), frames)
    assert len(table) == 2
    assert table["kappa_low"].isna().all()
    assert agreement_table(labels[labels["labeller"] == "ann"], frames).empty


def test_only_audit_nights_count_where_roles_are_given():
    frames, labels = frames_and_labels(12)
    roles = {night: "audit" if night < FIRST + 6 else "training" for night in frames["night"].unique()}
    assert agreement_table(labels, frames, roles)["n_nights"].tolist() == [6, 6]


def test_an_adjudicated_answer_goes_before_all_others_and_a_disagreement_is_unsure():
    labels = answers(
        ("alone", "ann", YES),
        ("alike", "ann", NO),
        ("alike", "bo", NO),
        ("apart", "ann", YES),
        ("apart", "bo", NO),
        ("settled", "ann", YES),
        ("settled", "bo", NO),
        ("settled", ADJUDICATED, NO),
        ("doubted", "ann", YES),
        ("doubted", "bo", "unsure"),
        ("most", "ann", YES),
        ("most", "bo", YES),
        ("most", "cy", NO),
    )
    settled = settled_labels(labels).set_index("frame_id")
    assert settled["label"].to_dict() == {
        "alone": YES,
        "alike": NO,
        "apart": "unsure",
        "settled": NO,
        "doubted": "unsure",
        "most": YES,
    }
    assert settled.loc["settled", ["n_labellers", "settled_by"]].tolist() == [2, "adjudication"]
    assert settling_counts(labels) == {"one labeller": 1, "agreement": 2, "adjudication": 1, "disagreement": 2}


def test_disagreements_are_listed_until_they_are_settled():
    labels = answers(("x", "ann", YES), ("x", "bo", NO), ("y", "ann", YES), ("y", "bo", YES))
    assert disagreements(labels).to_dict("records") == [{"frame_id": "x", "answers": {"ann": YES, "bo": NO}}]
    settled = pd.concat([labels, answers(("x", ADJUDICATED, NO))])
    assert disagreements(settled).empty
    assert disagreements(settled, adjudicated_too=True)["frame_id"].tolist() == ["x"]
