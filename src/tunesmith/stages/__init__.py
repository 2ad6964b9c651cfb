"""A search in stages, as people tune who have done it often: what `ts.guided` is made of. Pure.

order      the stages, and which trials are of which
roles      what each parameter is to a person who tunes by hand
outcomes   what configurations came to, how they compare on their way, and how large noise is
rates, batches (over scaling)   which learning rates and which batches are worth a trial
ranges     where along a parameter it is good, and the part of a space that is left
findings   what the trials say, and what each stage tries because of it
plan       which stages there are, which one it is, and why, over shares of the budget
proposing  the sampler: one question after the other, and then the search of `auto`
tournament which questions are trained further
pacing     the scheduler, over it
named      both, made again from what a study's spec says of them
story      what each stage has learned and changed, in words
"""
