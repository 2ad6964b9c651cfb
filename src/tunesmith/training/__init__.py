"""Inside one training: learning rate, batch size, hypergradients. What needs PyTorch loads it when it is first used."""
