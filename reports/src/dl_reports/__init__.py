"""Reports: does the network overfit, since when, by how much, how sure. Reads run folders; never trains."""
