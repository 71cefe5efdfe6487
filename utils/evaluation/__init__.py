"""How faithfulness is measured: baselines, the protocol, the full experiment, and its ranks."""
