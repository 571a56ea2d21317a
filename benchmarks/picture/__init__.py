"""Drawing what was measured, as SVG for light and dark pages; what is drawn stands in the results that were kept."""
