"""Azure OpenAI's chat completions, answered by a rule: for programs that call it, and no model."""
