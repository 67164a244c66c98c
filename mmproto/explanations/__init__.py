"""Why a pixel is what it is, and what each concept stands for."""
