"""Training as explicit state: a step is a function of parameters, optimizer's state, random stream and batch.

    trainer = Trainer(model, "classification", optim.adam(1e-3), IEEE32Exec(), seed=0)
    result = trainer.train(dataset, steps=500, batch_size=64)

The step is made of graphs, so it runs in any domain with binary32 numbers, and means there what these graphs mean.
"""
