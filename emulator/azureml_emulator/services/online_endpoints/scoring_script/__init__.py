"""Code that a user brings, run in processes of its own: the scoring scripts of deployments.

It must not know HTTP or traffic (`handlers.scoring`); commands of jobs are run by `jobs.process_run`.
"""
