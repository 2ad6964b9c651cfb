"""Where trials execute: the driver, executors, devices and records."""
