"""The steps of a rehearsal by name and title, in order; apart from what they do, which help need not import."""

TITLES = {
    "emulator": "Start the emulator of Azure Machine Learning",
    "push": "Push to main: plan, prepare, compute, submit, watch, evaluate, gate, register, promote",
    "ask": "Ask production a held-out question",
    "mark": "Days without a request: cleanup marks what is idle",
    "delete": "A day later: cleanup deletes what is still idle",
    "report": "Write what is live and why as a site",
}
INTERRUPTED = {  # whether its state is kept -> what is told
    False: "interrupted; its emulator is stopped, nothing runs on, and the next rehearsal begins anew",
    True: "interrupted; the emulator keeps running with all that was done, and the same command goes on from there",
}
TWO_WORKSPACES = "two-workspaces"
SCENARIOS = ("one-workspace", TWO_WORKSPACES)
