"""scikit-learn's own checks of an estimator.

They feed small tables, which are no pictures. So they run twice: on `Recogniser` itself, with the checks
whose tables it rightly refuses named as exceptions, and on `Tabular`, which draws any table as pictures
and so shows that everything else about the estimator keeps scikit-learn's contract.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from sklearn.utils import Tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data
from torch import Tensor

from inkmint.data.augment import Augment
from inkmint.models import Recogniser
from inkmint.recipes import find_recipe
from inkmint.training.recipe import Optimiser

TABLE = "feeds a table that is no 28x28 pictures, which is refused before what is checked"
REFUSED_TABLES = dict.fromkeys(
    (
        "check_classifier_data_not_an_array",
        "check_classifiers_classes",
        "check_classifiers_one_label",
        "check_classifiers_regression_target",
        "check_classifiers_train",
        "check_complex_data",
        "check_dict_unchanged",
        "check_dont_overwrite_parameters",
        "check_dtype_object",
        "check_estimator_sparse_array",
        "check_estimator_sparse_matrix",
        "check_estimator_sparse_tag",
        "check_estimators_dtypes",
        "check_estimators_empty_data_messages",
        "check_estimators_fit_returns_self",
        "check_estimators_nan_inf",
        "check_estimators_overwrite_params",
        "check_estimators_pickle",
        "check_f_contiguous_array_estimator",
        "check_fit2d_1feature",
        "check_fit2d_1sample",
        "check_fit2d_predict1d",
        "check_fit_check_is_fitted",
        "check_fit_idempotent",
        "check_fit_score_takes_y",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_n_features_in",
        "check_n_features_in_after_fitting",
        "check_pipeline_consistency",
        "check_positive_only_tag_during_fit",
        "check_readonly_memmap_input",
        "check_requires_y_none",
        "check_supervised_y_2d",
    ),
    TABLE,
)


# The recipes' rates and flips are for thousands of digits, not for a hundred striped pictures.
GENTLE = find_recipe("lenet").derive(
    optimisers={"recogniser": Optimiser(learning_rate=3e-3)}, augment=Augment()
)


class Tabular(Recogniser):
    """Draws each row of a table as a picture of upright stripes, one for each column, and counts columns."""

    def __init__(self) -> None:
        super().__init__(GENTLE, epochs=25, threads=1)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = tags.input_tags.three_d_array = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> "Tabular":
        vars(self).pop("n_features_in_", None)
        super().fit(X, y)
        self.n_features_in_ = np.asarray(X).shape[1]
        return self

    def _images(self, X: ArrayLike) -> Tensor:
        table = validate_data(self, X, dtype=np.float64, reset=not hasattr(self, "n_features_in_"))
        ink = 255 / (1 + np.exp(-np.clip(table, -50, 50)))
        columns = np.arange(28) * ink.shape[1] // 28
        return super()._images(np.repeat(ink[:, None, columns], 28, axis=1))


def exceptions(estimator: Any) -> dict[str, str]:
    return {} if isinstance(estimator, Tabular) else REFUSED_TABLES


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [Recogniser(epochs=1, threads=1), Tabular()],
    expected_failed_checks=exceptions,
    xfail_strict=True,
)
def test_the_recogniser_keeps_the_contract_of_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)
