"""The command line: `azureml-emulator`."""
