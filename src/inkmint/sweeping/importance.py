"""How much of a sweep's results each field accounts for."""

import warnings

from inkmint.sweeping.study import Sweep

FEWEST_TRIALS = 4
"""Below this many the trees have nothing to split."""

ABOUT = (
    "Share of the variance of the metric that a field accounts for by itself, over the range that was searched, as "
    "estimated by functional ANOVA of a random forest (Hutter et al. 2014)."
)


def importances(sweep: Sweep) -> dict[str, float]:
    """The share of each field, the greatest first; empty of too few trials, or of trials that are all alike."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    num_done = sum(trial.state == "done" for trial in sweep.trials())
    if num_done < FEWEST_TRIALS:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dict(get_param_importances(sweep.study(), evaluator=FanovaImportanceEvaluator(seed=0)))
        except (ValueError, RuntimeError):
            return {}
