"""Clips as a few still frames, spread evenly over their length and decoded one at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from PIL import Image

from realqa_agent.errors import RefusalKind, RefusedError
from realqa_agent.media.container import open_container
from realqa_agent.media.facts import facts_of_clip
from realqa_agent.media.orientation import UPRIGHT, turn_for
from realqa_agent.media.picture import Picture
from realqa_agent.media.refusals import check_size, refusing_damage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader

    from av import Packet, VideoFrame, VideoStream
    from av.container import InputContainer

    from realqa_agent.capture import CaptureFacts
    from realqa_agent.config import Media

LONGEST_PASS_S = 60.0
"""Longest clip that is decoded from end to end if its keyframes are too few: about 18 s of work in HD."""

_ORIENTATION_OF_ROTATION = {0: 1, 90: 8, -90: 6, 180: 3, -180: 3}
"""From degrees counterclockwise, as FFmpeg reads them off the display matrix, to EXIF's numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clip:
    """A clip that is open; its frames can be taken once."""

    width: int
    height: int
    """Upright pixels of the first frame."""
    duration_s: float
    facts: CaptureFacts
    frames: Iterator[tuple[float, Picture]]
    """Seconds from the start and the picture, in order, decoded when taken. Raises RefusedError as `open_clip`."""


def open_frames(file: BufferedReader, limits: Media) -> Clip:
    """Open a clip and decode its first frame.

    The frames are the keyframes near the middles of `limits.clip_frames` equal intervals. If some of them
    are the same, a short clip is decoded once from end to end instead; a long one gives fewer frames. Fewer, too,
    come from a clip with fewer frames. Raise RefusedError if it isn't a clip (UNSUPPORTED), is damaged
    (CORRUPT), or is over a limit of pixels or time (TOO_LARGE).
    """
    sampler = _Sampler(open_container(file), limits)
    frames = sampler.frames()
    first = next(frames, None)
    if first is None:
        raise RefusedError(RefusalKind.CORRUPT, "no frame can be decoded, though the container announces some")
    _, picture = first
    return Clip(
        width=picture.width,
        height=picture.height,
        duration_s=sampler.duration_s,
        facts=sampler.facts,
        frames=chain((first,), frames),
    )


class _Sampler:
    """Takes frames out of one open container."""

    def __init__(self, container: InputContainer, limits: Media) -> None:
        self._container = container
        self._limits = limits
        self._due = time.monotonic() + limits.seconds_per_file
        self.facts = facts_of_clip(container.metadata)
        with refusing_damage():
            self._stream = self._video_stream()
            self._start = self._stream.start_time or 0
            self.duration_s = self._duration_s()

    def frames(self) -> Iterator[tuple[float, Picture]]:
        """Decode the frames one by one; the container is closed after the last."""
        count = self._limits.clip_frames
        wanted = [self.duration_s * (index + 0.5) / count for index in range(count)]
        with self._container, refusing_damage():
            seek_for: dict[int, float] = {}
            for at_s in wanted:
                keyframe = self._keyframe_near(at_s)
                if keyframe is not None:
                    seek_for.setdefault(keyframe, at_s)
            if len(seek_for) < count and self.duration_s <= LONGEST_PASS_S:
                chosen = self._pass(wanted)
            else:
                chosen = self._keyframes(seek_for.values())
            for frame in chosen:
                yield self._seconds(frame), self._picture(frame)

    def _video_stream(self) -> VideoStream:
        streams = self._container.streams.video
        if not streams:
            raise RefusedError(RefusalKind.UNSUPPORTED, "the clip has no picture, only sound or data")
        stream = streams[0]
        if stream.width and stream.height:  # else known from the first frame on, and looked at there
            check_size(stream.width, stream.height, self._limits)
        # There is a worker for each core already.
        stream.codec_context.thread_count = 1
        return stream

    def _duration_s(self) -> float:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration:
            return self._container.duration / 1_000_000
        # Recordings that were streamed don't say; reading the packets costs no decoding.
        return max((self._seconds(packet) for packet in self._packets()), default=0.0)

    def _keyframe_near(self, at_s: float) -> int | None:
        """Return the time stamp of the keyframe that a seek leads to, without decoding; None if there is none."""
        self._seek(at_s)
        return next((_stamp(packet) for packet in self._packets() if packet.is_keyframe), None)

    def _keyframes(self, wanted: Iterable[float]) -> Iterator[VideoFrame]:
        """Yield the keyframes near the wanted times, each once.

        Seeks to the wanted times again: in AVI and MPEG streams, a seek to a keyframe's own time stamp may lead to
        another one.
        """
        self._stream.codec_context.skip_frame = "NONKEY"
        latest = -1.0
        for at_s in wanted:
            self._seek(at_s)
            frame = next(self._decoded(), None)
            if frame is not None and self._seconds(frame) > latest:
                latest = self._seconds(frame)
                yield frame

    def _pass(self, wanted: list[float]) -> Iterator[VideoFrame]:
        """Yield the frames on show at the wanted times, each once, in one go through the clip."""
        self._seek(0.0)
        remaining = wanted
        shown: VideoFrame | None = None
        for frame in self._decoded():
            later = [at_s for at_s in remaining if at_s >= self._seconds(frame)]
            if len(later) < len(remaining):
                yield shown or frame
            if not later:
                return
            remaining, shown = later, frame
        if shown is not None:
            yield shown

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        for packet in self._container.demux(self._stream):
            self._check_time()
            if packet.size:  # an empty one ends every demux
                yield packet

    def _decoded(self) -> Iterator[VideoFrame]:
        for frame in self._container.decode(self._stream):
            self._check_time()
            check_size(frame.width, frame.height, self._limits)
            yield frame

    def _picture(self, frame: VideoFrame) -> Picture:
        orientation = _ORIENTATION_OF_ROTATION.get(frame.rotation)
        return Picture(
            Image.fromarray(frame.to_ndarray(format="rgb24")),
            turn=turn_for(orientation) if orientation else UPRIGHT,
            facts=self.facts,
        )

    def _seek(self, at_s: float) -> None:
        self._container.seek(self._start + int(at_s / self._time_base), stream=self._stream)

    def _seconds(self, item: Packet[VideoStream] | VideoFrame) -> float:
        return max(0.0, ((_stamp(item) or 0) - self._start) * self._time_base)

    @property
    def _time_base(self) -> float:
        return float(self._stream.time_base or 1)

    def _check_time(self) -> None:
        if time.monotonic() > self._due:
            seconds = self._limits.seconds_per_file
            raise RefusedError(RefusalKind.TOO_LARGE, f"took longer than {seconds} s (media.seconds_per_file)")


def _stamp(item: Packet[VideoStream] | VideoFrame) -> int | None:
    """Return when it is shown, in units of the stream's time base; AVI may only say when it is decoded."""
    return item.dts if item.pts is None else item.pts
