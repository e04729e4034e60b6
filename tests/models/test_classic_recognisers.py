"""Recognisers that are fitted without gradients wear the same face as the trained ones."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from inkmint import Recogniser
from inkmint.data.digits import Splits
from inkmint.specs import FittedSpec
from inkmint.zoo import ZOO

CLASSIC = [name for name, spec in ZOO.items() if isinstance(spec, FittedSpec) and spec.kind == "recogniser"]
every_classic = pytest.mark.parametrize("model", CLASSIC)


@every_classic
def test_it_reads_digits_far_above_chance_and_says_how_sure_it_is(model: str, few: Splits) -> None:
    recogniser = Recogniser(model, threads=1).fit(few.train.images, few.train.labels)
    assert recogniser.score(few.test.images, few.test.labels) > 0.6
    shares_NK = recogniser.predict_proba(few.test.images)
    assert shares_NK.shape == (len(few.test), 10)
    np.testing.assert_allclose(shares_NK.sum(axis=1), 1, rtol=1e-5)
    assert (shares_NK.argmax(axis=1) == recogniser.predict(few.test.images)).all()
    assert len(recogniser.features(few.test.images)) == len(few.test)


@every_classic
def test_it_is_saved_and_loaded(model: str, few: Splits, tmp_path: Path) -> None:
    recogniser = Recogniser(model, threads=1).fit(few.train.images, few.train.labels)
    recogniser.save_pretrained(tmp_path)
    loaded = Recogniser.from_pretrained(tmp_path)
    assert loaded.name == model
    np.testing.assert_array_equal(
        loaded.predict_proba(few.test.images), recogniser.predict_proba(few.test.images)
    )


@every_classic
def test_names_for_labels_and_cross_validation_work_as_in_scikit_learn(model: str, few: Splits) -> None:
    names = np.array([f"digit {label}" for label in few.train.labels.tolist()])
    recogniser = clone(Recogniser(model, threads=1))
    assert set(recogniser.fit(few.train.images, names).predict(few.test.images)) <= set(names)
    assert cross_val_score(recogniser, few.train.images, names, cv=2).min() > 0.4
