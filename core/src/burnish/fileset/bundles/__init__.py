"""What stands on a volume beside its instances: pages, pictures, display applications.

    settings     the `[bundles]` keys: which term of a request means which bundlers
    wishes       what a request asks for, and what that means for one profile
    making       what makes the pieces of instances, and the bundles of a volume of them
    volume       a volume as bundlers see it
    front        README.TXT, the File-set Descriptor File, INDEX.HTM
    programs     bundlers' own files, kept in the spool under their digests

Annex S: that something cannot be added is no error. What a bundler itself finds wrong (a program with another
checksum) ends the request, because nobody knows then what would be handed out.
"""
