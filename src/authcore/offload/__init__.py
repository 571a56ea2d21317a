"""What knows an event loop, threads and processes: costly work apart from the loop, and delivery in the background.

The core never imports it; adapters do, and so does whoever uses the core under an event loop of its own.
"""

from authcore.offload.apart import SpeakingApart
from authcore.offload.background import Background
from authcore.offload.event_loop import LoopClock, on_event_loop
from authcore.offload.pool import BoundedPool, threads_for

__all__ = ["Background", "BoundedPool", "LoopClock", "SpeakingApart", "on_event_loop", "threads_for"]
