"""The task of a recipe, by the kind of its row."""

from torch import Tensor

from inkmint.data.digits import DigitSet
from inkmint.nets.fitted import FittedModule
from inkmint.objectives import Losses
from inkmint.specs import FittedSpec, GanSpec, LatentFlowSpec, RecogniserSpec
from inkmint.training.adversarial import Adversaries
from inkmint.training.flow import LatentFlow
from inkmint.training.recipe import Recipe
from inkmint.training.tasks import Batch, Draws, Phase, Task, View
from inkmint.training.views import GeneratorView, InformedJudge, Judge, RecogniserView
from inkmint.zoo import find


def build_task(recipe: Recipe, validation: DigitSet, judge: Judge | None = None) -> Task:
    """The task of the recipe's row, its networks initialised from torch's global random state.

    Args:
        recipe: What to do.
        validation: Digits that are not trained on.
        judge: Tells what generated digits look like, for a generator's label agreement.
    """
    spec = find(recipe.model)
    view: View = RecogniserView(validation)
    if spec.kind == "generator":
        on_paper = recipe.background == "paper"
        informed = judge and InformedJudge(judge, validation)
        view = GeneratorView(validation.num_classes, spec.conditional, on_paper, informed)
    networks = spec.build(recipe.options, validation.num_classes, validation.image_channels)
    product = networks[spec.kind]
    match spec:
        case GanSpec():
            adversaries = Adversaries(spec, recipe, networks, validation.num_classes)
            return Task(networks, adversaries.phases, spec.kind, view, adversaries.begin)
        case LatentFlowSpec():
            flow = LatentFlow(spec.settle(recipe.options), networks)
            return Task(networks, flow.phases, spec.kind, view)
        case RecogniserSpec():
            supervision = spec.build_objective(recipe.options)

            def recognise(batch: Batch, draws: Draws) -> Losses:
                def strengthen(x_NCHW: Tensor) -> Tensor:
                    return recipe.strong.apply(x_NCHW, draws.uniform)

                return supervision.losses(product, batch, strengthen)

            return Task(networks, [Phase(spec.kind, recognise)], spec.kind, view)
        case FittedSpec():
            assert isinstance(product, FittedModule)

            def fit(digits: DigitSet, draws: Draws) -> None:  # noqa: ARG001
                product.fit(recipe.on_background(digits.images), digits.labels)

            return Task(networks, [], spec.kind, view, fit)
    raise AssertionError(spec)
