"""Temperature and calibration error: against figures that can be worked out by hand, and against other methods."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nlpchat.training.calibration import (
    calibrate,
    expected_calibration_error,
    fit_temperature,
    scaled,
    unsure,
)  # fmt: skip


def drawn(temperature: float, n: int = 6000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `temperature` times too large, and labels drawn as the logits without that would have it."""
    random = np.random.default_rng(seed)
    true = random.normal(0, 1.5, (n, 3))
    labels = (scaled(true).cumsum(1) < random.random((n, 1))).sum(1)
    return true * temperature, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_put_in_comes_out(temperature: float) -> None:
    logits, labels = drawn(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.06)
    told = calibrate(logits, labels)
    assert told.temperature == fit_temperature(logits, labels)
    assert told.after < 0.02
    if temperature != 1.0:
        assert told.before > 0.08


def test_no_other_temperature_has_a_lower_loss() -> None:
    logits, labels = drawn(1.7, n=500)
    found = fit_temperature(logits, labels)

    def loss(t: float) -> float:
        return float(torch.nn.functional.cross_entropy(torch.from_numpy(logits) / t, torch.from_numpy(labels)))

    grid = np.exp(np.linspace(np.log(0.3), np.log(6), 400))
    assert loss(found) <= min(map(loss, grid)) + 1e-9


def test_scores_do_as_well_as_logits() -> None:
    logits, labels = drawn(2.0, n=800)
    assert fit_temperature(np.log(scaled(logits)), labels) == pytest.approx(fit_temperature(logits, labels), rel=1e-9)
    assert (scaled(logits, 2.0).argmax(1) == logits.argmax(1)).all()


def test_the_calibration_error_by_hand() -> None:
    scores = np.array([[0.95, 0.05, 0.0], [0.95, 0.0, 0.05], [0.5, 0.3, 0.2], [0.5, 0.5, 0.0]])
    labels = np.array([0, 1, 0, 2])
    # the first two share a bin: accuracy 0.5, confidence 0.95; the last two another: accuracy 0.5, confidence 0.5
    assert expected_calibration_error(scores, labels) == pytest.approx(0.5 * 0.45 + 0.5 * 0.0)


def test_a_bin_holds_its_upper_edge() -> None:
    scores = np.array([[0.6, 0.4], [0.61, 0.39]])  # of 5 bins the third ends at 0.6, the fourth begins after it
    labels = np.array([0, 1])
    assert expected_calibration_error(scores, labels, bins=5) == pytest.approx(0.5 * 0.4 + 0.5 * 0.61)
    assert expected_calibration_error(scores, labels, bins=1) == pytest.approx(abs(0.5 - 0.605))


def test_certain_scores_and_perfect_labels_stay_within_bounds() -> None:
    scores = np.array([[1.0, 0.0, 0.0]] * 4)
    assert expected_calibration_error(scores, np.zeros(4, int)) == 0.0
    assert expected_calibration_error(scores, np.ones(4, int)) == 1.0
    assert fit_temperature(np.array([[2.0, 0.0]] * 3), np.zeros(3, int)) == pytest.approx(0.02, rel=0.01)
    assert fit_temperature(np.array([[2.0, 0.0]] * 3), np.ones(3, int)) == pytest.approx(50, rel=0.01)


def test_no_row_vouches_for_itself() -> None:
    """One group is of another kind: its own temperature would mend it, those of the others cannot."""
    mild, labels = drawn(1.0, n=900)
    wild, more = drawn(8.0, n=900, seed=1)
    logits, truth = np.concatenate([mild, wild]), np.concatenate([labels, more])
    groups = [f"film {n % 40}" for n in range(900)] + ["chat"] * 900
    assert calibrate(logits, truth, groups).after > calibrate(logits, truth).after + 0.02
    assert calibrate(logits, truth, groups) == calibrate(logits, truth, groups)
    assert set(calibrate(logits, truth).as_json()) == {"temperature", "ece_before", "ece_after", "n"}


def test_unsure_is_below_the_threshold() -> None:
    scores = np.array([[0.6, 0.3, 0.1], [0.4, 0.35, 0.25], [0.5, 0.5, 0.0]])
    assert unsure(scores, 0.5).tolist() == [False, True, False]


def test_faults() -> None:
    with pytest.raises(ValueError, match="n > 0"):
        fit_temperature(np.zeros((0, 3)), np.zeros(0, int))
    with pytest.raises(ValueError, match=r"not \(2, 3\) and \(1,\)"):
        expected_calibration_error(np.zeros((2, 3)), np.zeros(1, int))
