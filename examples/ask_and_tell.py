"""Ask and tell: your own loop, with the study as its memory.

    python examples/ask_and_tell.py

`study.report` returns what the scheduler decides; a `Stop` has been recorded already, with its reason.
"""

import math

import tunesmith as ts

space = ts.Space({"lr": ts.Float(1e-4, 1.0, log=True, default=1e-3), "decay": ts.Float(0.5, 1.0, default=0.9)})

with ts.Study.open("by-hand", space=space, minimize="loss", trials=25, seed=0, scheduler="median") as study:
    study.enqueue({"lr": 0.1})  # `decay` at its default; trained before what the sampler proposes
    for _ in range(25):
        trial = study.ask()
        lr, decay = trial.config["lr"], trial.config["decay"]
        for step in range(1, 21):
            loss = (math.log10(lr) + 1.5) ** 2 + decay**step
            decision = study.report(trial, step=step, loss=loss)
            if isinstance(decision, ts.Stop):
                print(f"trial {trial.number} stopped at step {step}: {decision.reason}")
                break
        else:
            study.tell(trial)
    print(study.best.number, study.best.config, dict(study.best.values))
