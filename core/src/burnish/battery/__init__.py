"""148 cases of conformance, by number; those that the network alone can judge run against any SCP.

    table       every number: what it is, who decided it, what it waits for
    peer        the SCU side: any data set, any action, every status as it came
    trial       one case at work: its instances, its requests, what it demands
    creating, starting, cancelling, looking, failing, making, negotiating
                the cases that are judged over the network
    running     cases one after the other, each with its outcome
    report      text, JSON, JUnit

A case demands what the standard says, and prefers what burnish chose where the standard is silent: an SCP
that does otherwise there *differs*, which is no failure. Only the cases of `making` have media made by an SCP
that keeps to the standard: the instances that the others name were never stored, or do not go together.
"""
