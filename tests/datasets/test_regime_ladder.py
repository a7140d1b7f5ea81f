import numpy as np
import pytest

from dsc_tf.datasets import ladder
from dsc_tf.datasets.regime_ladder import RUNGS, WARMING
from dsc_tf.errors import DscTfError

# Values of an independent implementation of rungs 1 to 6 (60 days, seed 0): first[0, 0, 0], second[-1, 7, 12],
# first[30, 15, 23], and the regimes of the first 24 days.
REFERENCE = {
    1: (-2.2198426723480225, -2.859454870223999, -2.480125904083252, "111111110000000000000000"),
    2: (2.0268971920013428, -1.6952983140945435, 3.4259424209594727, "330000111111111111111111"),
    3: (1.453482747077942, 3.0442380905151367, 0.17210888862609863, "222222222222222222211111"),
    4: (0.9381148219108582, -1.1898103952407837, 0.29657357931137085, "222222222222222222222222"),
    5: (0.9575013518333435, 1.122557520866394, -0.34428319334983826, "222111022222222222000022"),
    6: (-2.6800639629364014, -3.8463215827941895, 0.36135390400886536, "111111111112222222222222"),
}


def values(ds):
    """Samples as a float64 array of shape (time, variable, latitude, longitude)."""
    return ds.to_dataarray("variable").transpose("time", "variable", ...).values.astype(float)


@pytest.mark.parametrize("rung", REFERENCE)
def test_rungs_equal_an_independent_implementation(rung):
    ds = ladder(rung, seed=0, days=60)
    first, second, third, regimes = REFERENCE[rung]
    found = [ds["first"].values[0, 0, 0], ds["second"].values[-1, 7, 12], ds["first"].values[30, 15, 23]]
    np.testing.assert_allclose(found, [first, second, third], rtol=1e-6)
    assert "".join(map(str, ds.regime.values)).startswith(regimes)


@pytest.mark.parametrize("rung", RUNGS)
def test_layout_and_regimes(rung):
    ds = ladder(rung, seed=3, days=720)
    assert dict(ds.sizes) == {"time": 720, "latitude": 16, "longitude": 24}
    assert list(ds) == ["first", "second"] and all(ds[name].dtype == np.float32 for name in ds)
    assert set(ds.regime.values.tolist()) <= set(range(ds.attrs["n_regimes"]))
    assert ds.time.dt.dayofyear.values[360] == 1
    assert ds.identical(ladder(rung, seed=3, days=720))
    assert not np.array_equal(ds["first"], ladder(rung, seed=4, days=720)["first"])


@pytest.mark.parametrize("rung", [4, 5])
def test_single_days_have_equal_means_and_variances_in_all_regimes(rung):
    ds = ladder(rung, seed=0)
    x, regime = values(ds), ds.regime.values
    means = np.stack([x[regime == k].mean(axis=0) for k in range(3)])
    variances = np.stack([x[regime == k].var(axis=0) for k in range(2)])
    assert np.abs(means).max() < 0.25
    np.testing.assert_allclose(variances[0].mean(axis=-1), variances[1].mean(axis=-1), rtol=0.2)


def test_lagged_relation_changes_its_sign_with_the_regime():
    """Leading components of the two variables are related after three days in regimes 0 and 1 only."""
    ds = ladder(6, seed=0)
    x, regime = values(ds), ds.regime.values
    scores = []
    for variable in range(2):
        fields = x[:, variable].reshape(len(x), -1)
        scores.append(fields @ np.linalg.svd(fields, full_matrices=False)[2][:3].T)
    coupling = [
        np.corrcoef(scores[0][:-3][regime[3:] == k].T, scores[1][3:][regime[3:] == k].T)[:3, 3:]
        for k in range(3)
    ]
    assert np.linalg.norm(coupling[0]) > 1 and np.linalg.norm(coupling[1]) > 1 > 0.4 > np.linalg.norm(
        coupling[2]
    )
    np.testing.assert_allclose(coupling[0], -coupling[1], atol=0.25)


@pytest.mark.parametrize(("rung", "keeps_position"), [(5, False), (7, True)])
def test_systems_of_rung_7_keep_their_position_during_an_episode(rung, keeps_position):
    """Means over the two halves of an episode are alike where the systems stay, unlike where they wander."""
    ds = ladder(rung, seed=0)
    x, regime = values(ds)[:, 0], ds.regime.values
    episodes = np.split(np.arange(len(x)), np.flatnonzero(np.diff(regime)) + 1)
    halves = [
        [x[half].mean(axis=0).ravel() for half in np.array_split(days, 2)]
        for days in episodes
        if len(days) >= 40
    ]
    agreement = np.mean([np.corrcoef(*pair)[0, 1] for pair in halves])
    assert len(halves) >= 5 and (agreement > 0.4) == keeps_position


def test_rung_8_has_uneven_regimes_and_a_trend():
    ds = ladder(8, seed=0)
    sizes = np.bincount(ds.regime.values, minlength=8) / ds.sizes["time"]
    assert len(sizes) == 8 and sizes.max() > 3 * sizes.min() > 0
    year = values(ds).reshape(10, 360, -1).mean(axis=(1, 2))
    assert 0.5 * WARMING < year[-1] - year[0] < 1.3 * WARMING


@pytest.mark.parametrize(("arguments", "words"), [({"rung": 9}, "rung: 9"), ({"days": 2.5}, "days: 2.5")])
def test_unknown_rungs_and_lengths_are_refused(arguments, words):
    with pytest.raises(DscTfError, match=words):
        ladder(**arguments)


def test_the_command_offers_every_rung():
    from dsc_tf.commands.ladder import RUNGS as offered
    from dsc_tf.datasets.regime_ladder import RUNGS

    assert tuple(offered) == tuple(RUNGS)
