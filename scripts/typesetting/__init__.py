"""`scripts/report`: the report and the drawings, set by Typst from text and from figures."""
