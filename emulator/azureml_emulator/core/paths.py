"""Hosts and beginnings of paths that several services share, as the routes write them."""

API = "{region}.api.azureml.ms"  # the workspace's regional host: run history, MLflow, registry discovery
SUBSCRIPTION = "/subscriptions/{sub}"
ML = SUBSCRIPTION + "/resourceGroups/{rg}/providers/Microsoft.MachineLearningServices"
WS = ML + "/workspaces/{ws}"
