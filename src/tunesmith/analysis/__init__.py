"""What a study means: its figures, tables and summary as plain data. Pure; drawn by `tunesmith.plots`."""
