"""What a developer needs to run the product without Azure: services, host, simulators, samples, ``aluskort``.

Never deployed and never imported by shared/, functions/ or durable/.
"""
