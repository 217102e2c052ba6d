"""The min-norm engine against its peers: families of instances, the peers, one table a part."""
