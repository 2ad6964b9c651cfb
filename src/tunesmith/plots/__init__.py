"""The figures of `tunesmith.analysis` drawn with Plotly, and the HTML report. Loaded only when something is drawn."""
