"""Production: plans started requests, gives their pieces to stations, proves what they make.

planner  ─ claims a started request, composes it, saves its recipes, enters its pieces
station  ─ claims the next piece it can make and hands it to its pair of processes:
             feeder (ours: streams the recipe, compares what is read back, records the outcome)
             driver (the plugin's: sees bytes on a descriptor and a job without patient data)
"""
