"""Why a pixel gets its class, and what each concept stands for."""
