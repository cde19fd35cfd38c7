"""The figures at a glance that stand in README, in English and in French."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts import measured

BEGIN: Final = "<!-- measured: written by scripts/report -->"
_ENGLISH: Final = (
    ("what", "measured"),
    ("ROC AUC and Brier score of the default, the {default}", "{auc}, {brier}"),
    ("predictions a second on one core (logistic regression, 32 callers)", "{rate}"),
    ("against the same models behind pandas and scikit-learn", "{times_naive} times"),
    ("start of a process to its first prediction", "{start} s"),
    ("its memory after the load", "{memory} MB"),
    ("image above its base; with scikit-learn and pandas", "{image} MB; {image_naive} MB"),
    ("bars of speed that are met", "{bars_met} of {bars}"),
    ("bars of reliability that are met", "{trials_met} of {trials}"),
)
_FRENCH: Final = (
    ("quoi", "mesure"),
    ("aire sous la courbe ROC et score de Brier du modèle par défaut", "{auc} et {brier}"),
    ("prédictions par seconde, un cœur (régression logistique, 32 clients)", "{rate}"),
    ("par rapport aux mêmes modèles derrière pandas et scikit-learn", "{times_naive} fois"),
    ("du lancement d'un processus à sa première prédiction", "{start} s"),
    ("sa mémoire après la charge", "{memory} Mo"),
    ("image, sans sa base ; avec scikit-learn et pandas", "{image} Mo ; {image_naive} Mo"),
    ("objectifs de vitesse atteints", "{bars_met} sur {bars}"),
    ("objectifs de fiabilité atteints", "{trials_met} sur {trials}"),
)
_TO_FRENCH: Final = str.maketrans(",.", "\u202f,")


def write(facts: Mapping[str, str], folder: Path) -> None:
    """Write both tables; raises `Failure` where a document has no place for its own."""
    french = {name: text.translate(_TO_FRENCH) for name, text in facts.items()}
    for file, lines, figures in (
        ("README.md", _ENGLISH, facts),
        ("README.fr.md", _FRENCH, french),
    ):
        headings, *rows = ([cell.format_map(figures) for cell in line] for line in lines)
        if facts["trials"] == "0":
            rows.pop()
        measured.replace(folder / file, BEGIN, [measured.table(headings, rows)])
