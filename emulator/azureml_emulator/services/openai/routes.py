"""Azure OpenAI, as far as a judge of answers calls it."""

from azureml_emulator.http.routing import Route
from azureml_emulator.services.openai import chat

ROUTES = (Route(chat.HOST, "POST", "/openai/deployments/{deployment}/chat/completions", chat.completions),)
