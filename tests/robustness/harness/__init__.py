"""Killing a whole server thousands of times: one life is a forked process that takes milliseconds to start.

    campaign  the parent: forks lives, hears what they acknowledge, has each death judged
    script    what a life is to do, and what an SCU may rely on afterwards
    chain     the life: receive, create, initiate, plan, write, prove, finish, purge in one process
    points    where it dies: before, after or in the middle of the n-th call that leaves a trace
    judge     what must hold in the folder of the dead, read with sqlite3 and bytes alone

Everything is drawn from seeds, and a life has one thread: the same seed dies the same death, apart from the
deaths by timer, which fall between any two instructions.
"""
