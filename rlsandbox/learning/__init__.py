"""What algorithms are made from: the Agent contract, hyperparameters, exploration, targets and the oracle."""
