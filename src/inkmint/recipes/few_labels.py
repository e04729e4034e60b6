"""inkmint: a recogniser of ten labels per class, with and without the other images."""

from inkmint.data.augment import Augment
from inkmint.training.recipe import Optimiser, Recipe, Schedule

_FEW_LABELS = Recipe(
    name="inkmint/few-labels",
    model="fixmatch",
    about="ten labels per class and all other images without theirs",
    choices=(
        "No document learns from unlabelled images. FixMatch (Sohn et al., 2020) with small shifts as its weak changes "
        "and turns, slants, scales, shifts and erased squares as its strong ones; every guess counts and is taught "
        "with its doubt, sharpened as in MixMatch."
    ),
    options={"width": 0.5, "depth": 2, "threshold": 0.0, "temperature": 0.5},
    epochs=5,
    batch_size=256,
    optimisers={"recogniser": Optimiser(kind="sgd", learning_rate=0.1, beta1=0.9, weight_decay=5e-4)},
    schedule=Schedule(kind="one-cycle", turn=0.2),
    average=0.99,
    augment=Augment(shift_px=1.5),
    labels_per_class=10,
    labelled_share=0.25,
    images_per_epoch=50_000,
    strong=Augment(shift_px=2.0, rotate_deg=15.0, scale=0.15, shear=0.2, jitter=0.2, erase_px=16.0),
)

_FEW_LABELS_ONLY = _FEW_LABELS.derive(
    name="inkmint/few-labels-only",
    model="house-reader",
    about="ten labels per class and nothing else, changed at random",
    choices=(
        "No document learns from so few images. Larger changes than the strong ones of few-labels, a quarter of the "
        "width, ten times the weight decay, and 1,000 steps."
    ),
    labelled_share=0.0,
    strong=Augment(),
    augment=Augment(shift_px=2.0, rotate_deg=20.0, scale=0.25, shear=0.3, jitter=0.3),
    images_per_epoch=20_000,
    epochs=5,
    batch_size=100,
    **{"options": {"width": 0.25, "depth": 2}, "optimisers.recogniser.weight_decay": 5e-3},
)

RECIPES = (_FEW_LABELS, _FEW_LABELS_ONLY)
