import numpy as np

from dsc_tf.preprocessing.samples import Samples
from dsc_tf.training import Batches
from dsc_tf.training.batches import UniqueFieldBatches

X = np.arange(10, dtype="float32").reshape(10, 1)


def order_of(batches, epoch):
    batches.epoch = epoch
    return [batches[i][0].ravel().astype(int).tolist() for i in range(len(batches))]


def test_a_pass_holds_every_sample_once():
    seen = sum(order_of(Batches(X, batch_size=4, seed=3), 0), [])
    assert sorted(seen) == list(range(10))


def test_order_of_time_without_a_seed():
    assert order_of(Batches(X, batch_size=4), 0) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_epochs_go_on_where_the_last_one_stopped():
    # Three batches a pass, two an epoch: the second epoch ends the first pass and begins the next.
    assert order_of(Batches(X, batch_size=4, steps=2), 1) == [[8, 9], [0, 1, 2, 3]]


def test_order_depends_on_seed_and_epoch_alone():
    first, second = Batches(X, batch_size=4, seed=3), Batches(X, batch_size=4, seed=3)
    order_of(first, 0)
    assert order_of(first, 1) == order_of(second, 1)
    assert order_of(first, 1) != order_of(first, 0)


def test_no_batch_is_empty_when_sizes_divide():
    assert [len(b) for b in order_of(Batches(X, batch_size=5), 0)] == [5, 5]


def test_a_batch_of_windows_holds_each_field_once():
    fields = np.arange(7, dtype="float32").reshape(7, 1)
    samples = Samples(fields, (1, 1, 1), ends=[2, 3, 4, 6], window=3)
    (inputs,) = UniqueFieldBatches(samples, batch_size=2)[0]
    assert inputs["fields"].ravel().tolist() == [0, 1, 2, 3, 0, 0]  # filled up to whole parcels
    assert inputs["places"].tolist() == [[0, 1, 2], [1, 2, 3]]
    (inputs,) = UniqueFieldBatches(samples, batch_size=2)[1]
    seen = inputs["fields"].reshape(-1)[inputs["places"]]
    assert seen.tolist() == [[2, 3, 4], [4, 5, 6]]
