"""Waveforms (PS3.3 C.10.9): each channel's samples in its unit, voltages in millivolts."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from pacs_proxy.decoding.tree import items, meaning, said

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from pacs_proxy.decoding.codec import Pixels

# Two bytes each: ten minutes of twelve leads at 250 Hz.
MOST_SAMPLES = 2_000_000
_KINDS = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2"}
_MILLIVOLTS = {"uV": 1e-3, "mV": 1.0, "V": 1e3}
_LARGEST, _GAP = 32_767, -32_768
# General audio and what is like it: nothing to be read from its curve.
_SOUND = "1.2.840.10008.5.1.4.1.1.9.4."


def waves(dataset: Dataset, _: int) -> dict[str, Any]:
    """What can be drawn; samples are base64, 16 bit little endian, of `step`; -32768 is a gap."""
    if said(dataset, "SOPClassUID").startswith(_SOUND):
        return {}
    order = "<" if dataset.original_encoding[1] is not False else ">"
    found, total = [], 0
    for group in items(dataset, "WaveformSequence"):
        values = _values(group, order)
        if values is None:
            continue
        total += values.size
        if total > MOST_SAMPLES:
            return {"waves": {"recordings": [], "too_large": True}}
        found.append(_recording(group, values))
    return {"waves": {"recordings": found, "too_large": False}}


def _values(group: Dataset, order: str) -> Pixels | None:
    """Stored samples, (samples, channels); None where the group is cut short or of another kind."""
    kind = _KINDS.get(said(group, "WaveformSampleInterpretation"))
    count, channels = (
        _whole(group, "NumberOfWaveformSamples"),
        _whole(group, "NumberOfWaveformChannels"),
    )
    data = group.get("WaveformData")
    is_sound = _number(group, "SamplingFrequency", 0) > 0 and count > 0 and channels > 0
    if kind is None or not isinstance(data, bytes) or not is_sound:
        return None
    dtype = np.dtype(order + kind)
    if _whole(group, "WaveformBitsAllocated") != 8 * dtype.itemsize:
        return None
    if len(data) < count * channels * dtype.itemsize:
        return None
    return np.frombuffer(data, dtype, count * channels).reshape(count, channels)


def _recording(group: Dataset, values: Pixels) -> dict[str, Any]:
    definitions = items(group, "ChannelDefinitionSequence")
    padding = _padding(group, values.dtype)
    channels = [
        _channel(definitions[at] if at < len(definitions) else None, values[:, at], padding, at)
        for at in range(values.shape[1])
    ]
    return {
        "label": said(group, "MultiplexGroupLabel"),
        "rate": _number(group, "SamplingFrequency", 0),
        "channels": channels,
    }


def _channel(
    definition: Dataset | None, stored: Pixels, padding: int | None, at: int
) -> dict[str, Any]:
    scale, offset, unit = (1.0, 0.0, "") if definition is None else _scale(definition)
    scaled = stored.astype(np.float64) * scale + offset
    is_gap = np.zeros(stored.shape, bool) if padding is None else stored == padding
    peak = float(np.abs(scaled[~is_gap]).max(initial=0.0)) or 1.0
    samples = np.where(is_gap, _GAP, np.rint(scaled * (_LARGEST / peak)).clip(-_LARGEST, _LARGEST))
    return {
        "name": _name(definition) or f"Channel {at + 1}",
        "unit": unit,
        "step": peak / _LARGEST,
        "samples": base64.b64encode(samples.astype("<i2").tobytes()).decode(),
    }


def _name(definition: Dataset | None) -> str:
    if definition is None:
        return ""
    return said(definition, "ChannelLabel") or meaning(definition, "ChannelSourceSequence")


def _scale(definition: Dataset) -> tuple[float, float, str]:
    """From stored values to the unit: factor, what is added, unit (needs a sensitivity)."""
    unit = next(
        (said(one, "CodeValue") for one in items(definition, "ChannelSensitivityUnitsSequence")), ""
    )
    sensitivity = _number(definition, "ChannelSensitivity", 0)
    if not sensitivity:
        return 1.0, 0.0, ""
    factor = sensitivity * _number(definition, "ChannelSensitivityCorrectionFactor", 1)
    offset, more = _number(definition, "ChannelBaseline", 0), _MILLIVOLTS.get(unit)
    return (factor, offset, unit) if more is None else (factor * more, offset * more, "mV")


def _padding(group: Dataset, dtype: Any) -> int | None:
    value = group.get("WaveformPaddingValue")
    if isinstance(value, bytes) and len(value) >= dtype.itemsize:
        return int(np.frombuffer(value, dtype, 1)[0])
    return value if isinstance(value, int) else None


def _whole(dataset: Dataset, keyword: str) -> int:
    value = dataset.get(keyword)
    return value if isinstance(value, int) else 0


def _number(dataset: Dataset, keyword: str, default: float) -> float:
    try:
        value = float(said(dataset, keyword))
    except ValueError:
        return default
    return value if np.isfinite(value) else default
