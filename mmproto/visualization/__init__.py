"""Pictures of explanations and of concepts."""
