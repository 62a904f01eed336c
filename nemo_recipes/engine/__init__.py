"""Training: NeMo's experiment manager and Lightning's Trainer around a Llama-family model of transformers.

`training.train` runs a whole recipe. One batch of the loader is one optimizer step, and the number of the step decides
everything else: which sequences are read, the learning rate, when is validated and saved. That is what makes a resumed
run equal to one that was never stopped.
"""
