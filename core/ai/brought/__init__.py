"""Models that others trained, brought as one ONNX or TorchScript file with a card that says how to feed and read them.

- contract.py: what the card states, checked.
- check.py: what the file may hold, checked without running it.
- bundle.py: a MONAI bundle's model and metadata, its configuration neither read nor run.
- dry_run.py: a first run in a process of its own, with limits of memory and time.
- inputs.py: HU to the arrays the network takes. reading.py: its answers to calls, slices, masks and heat.

They run on the engines of core.ai.engines. `.github/docs/other-ais.md` describes the card.
"""
