"""The dashboard: pages over a store, in a browser, live and offline. Loaded only when one is opened."""
