"""The guided strategy: a search in stages, as people tune who have done it often.

roles      what each parameter is to a person who tunes by hand
outcomes   what is known of configurations, and how large noise is
ranges     how far outcomes narrow a parameter, and a space in which some are narrowed
plan       which stages there are, which one it is, in which space, and why: pure functions of a View
proposing  the sampler: what to try in the stage that it is
repeating  the scheduler: the defaults are repeated first, and then what the budget calls for
story      what each stage has learned and changed, in words
guide      `ts.guided`
"""
