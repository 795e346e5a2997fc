"""The employee's page: what is asked of me, what is held about my devices, and how to have mail back."""
