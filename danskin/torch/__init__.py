"""The bridge to PyTorch: the min-norm solver applied to network gradients."""
