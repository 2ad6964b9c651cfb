"""Tests for what you plug in: public conformance suites for samplers, schedulers, stores and executors. They need pytest.

Subclass the suite in a test file of your own, say how one of your objects is made, and run pytest:

    from tunesmith.testing.samplers import SamplerConformance

    class TestMySampler(SamplerConformance):
        def sampler(self):
            return MySampler()

    from tunesmith.testing.schedulers import SchedulerConformance

    class TestMyScheduler(SchedulerConformance):
        def scheduler(self):
            return MyScheduler(patience=3)

The method is called whenever a test wants a fresh object, one that has kept nothing from before.

| module       | holds                                                                            |
| ------------ | -------------------------------------------------------------------------------- |
| `samplers`   | `SamplerConformance`: the laws of `Sampler`, over many spaces and histories        |
| `schedulers` | `SchedulerConformance`: the laws of `Scheduler`, over stories of trials that report |
| `stores`     | `StoreConformance`: the laws of `Store`                                           |
| `executors`  | `ExecutorConformance`: the laws of `Executor`                                     |
| `curves`     | `Table`: tabulated learning curves as a training function                          |
| `histories`  | studies to test on: `history(spec, values=[0.3, 0.1])` is a View in one line        |

Each test's docstring says what is demanded, and each failed assertion names the space or the story in which it failed.
"""
