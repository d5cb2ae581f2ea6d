"""A lab in which drivers meet a real kernel and the real tools, and no hardware is needed.

    host                                            guest (QEMU, TCG)
    ----                                            -----------------
    pytest: sees both sides                         burnish, its drivers, xorriso, mount
    `devices`: recorders, discs, robots  <-USB/IP-> vhci_hcd, usb-storage, sr_mod, sg, libusb
                                         <-serial-> ftdi_sio, /dev/ttyUSB0
    `guest`: boots it, kills it

The root of the guest is the host's own root, read-only over 9p with an overlay in memory on top: the guest
runs the same Python environment at the same path. Devices live on the host, so that a power loss of the
guest, a cable that is pulled and a drive that hangs are what they say, and a disc keeps what was burned.
"""
