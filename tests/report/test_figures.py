import xml.etree.ElementTree as ElementTree

from inkmint.report.figures import figure_charts, loss_charts


def records(names, key="losses"):
    return [{"epoch": epoch / 2, key: dict.fromkeys(names, 1 / epoch)} for epoch in range(1, 5)]


def test_losses_of_each_phase_share_a_chart():
    charts = loss_charts(records(["discriminator/real", "discriminator/fake", "generator/adversarial"]))
    assert [chart.title for chart in charts] == ["Losses of the discriminator", "Losses of the generator"]
    assert charts[0].alt == "Losses of the discriminator over 2 epochs: real ends at 0.25, fake ends at 0.25."


def test_each_figure_has_its_own_chart():
    charts = figure_charts(records(["label_agreement", "classes_present"], "figures"))
    assert [chart.title for chart in charts] == ["Label agreement", "Classes present"]


def test_no_records_no_charts():
    assert loss_charts([]) == figure_charts([]) == []


def test_a_chart_is_svg_that_follows_the_scheme_and_is_the_same_every_time():
    names = [f"phase/loss_{i}" for i in range(6)]
    (chart,) = loss_charts(records(names))
    (again,) = loss_charts(records(names))
    assert chart.svg == again.svg
    text = chart.svg.decode()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "prefers-color-scheme: dark" in text and "var(--s3)" in text
    assert "#0a0000" not in text and "#010101" not in text
