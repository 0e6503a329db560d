"""A colour ultrasound-like cine: a sector, a beating chamber, speckle and coloured flow."""

import numpy as np
from numpy.typing import NDArray

from pacs_proxy.demo.geometry import Image

DEPTHS, ANGLES = 320, 192
HALF_ANGLE = 0.68
NEAR, FAR = 0.12, 1.0


def cine(frames: int, rows: int, columns: int, seed: int = 5) -> NDArray[np.uint8]:
    """Draw one heartbeat as RGB [frame, row, column, 3], black outside the sector."""
    depth, angle, inside = _polar(rows, columns)
    speckle = _speckle(np.random.default_rng(seed))
    out, bar = np.zeros((frames, rows, columns, 3), np.uint8), _scale_bar(rows // 2)
    for index in range(frames):
        phase = 2 * np.pi * index / frames
        grey, flow = _beat(phase, speckle)
        out[index] = _coloured(grey[depth, angle] * inside, flow[depth, angle] * inside)
        out[index, rows // 4 : rows // 4 + rows // 2, columns - 20 : columns - 10] = bar
    return out


def _polar(rows: int, columns: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Image]:
    """Say for each pixel which polar sample shows there, and whether the sector does."""
    row, column = np.mgrid[0:rows, 0:columns]
    across = (column - columns / 2) / rows * 1.06
    down = row / rows * 1.06 + 0.02
    radius, theta = np.hypot(across, down), np.arctan2(across, down)
    inside = (radius > NEAR) & (radius < FAR) & (np.abs(theta) < HALF_ANGLE)
    depth = ((radius - NEAR) / (FAR - NEAR) * (DEPTHS - 1)).clip(0, DEPTHS - 1)
    angle = ((theta / HALF_ANGLE + 1) / 2 * (ANGLES - 1)).clip(0, ANGLES - 1)
    return depth.astype(np.intp), angle.astype(np.intp), inside.astype(np.float32)


def _speckle(random: np.random.Generator) -> Image:
    """Draw Rayleigh noise, longer across the beam than along it, as a scanner has it."""
    noise = random.standard_normal((2, DEPTHS * 2, ANGLES)).astype(np.float32)
    for shift in (1, 2):
        noise += np.roll(noise, shift, axis=2)
    noise += np.roll(noise, 1, axis=1)
    drawn: Image = np.hypot(noise[0], noise[1]) / 5
    return drawn


def _beat(phase: float, speckle: Image) -> tuple[Image, Image]:
    """Draw one moment in polar coordinates: brightness, and flow towards the probe."""
    depth, angle = np.mgrid[0 : 1 : DEPTHS * 1j, -1 : 1 : ANGLES * 1j]
    squeeze = 1 + 0.16 * np.cos(phase)
    left = np.hypot((depth - 0.50) / (0.27 * squeeze), (angle + 0.16) / (0.34 * squeeze))
    right = np.hypot((depth - 0.47) / (0.20 * squeeze), (angle - 0.52) / (0.22 * squeeze))
    cavity = np.minimum(left, right)
    wall = np.exp(-(((cavity - 1.08) / 0.10) ** 2))
    tissue = 0.34 + 0.5 * wall - 0.32 * (cavity < 1) + 0.10 * np.sin(9 * depth + 3 * angle)
    valve = np.exp(-(((depth - 0.66 + 0.05 * np.cos(phase + 1) * np.abs(angle)) / 0.012) ** 2))
    tissue = tissue + 0.5 * valve * (left < 1.05)
    moved = np.roll(speckle, int(14 * np.cos(phase)), axis=0)[:DEPTHS]
    grey = np.clip(tissue, 0.015, 1) * moved * np.exp(-0.55 * depth) * 265
    jet = np.exp(-(((angle + 0.16) / 0.11) ** 2) - ((depth - 0.56) / 0.17) ** 2)
    flow = jet * np.sin(phase) * (left < 0.92) * (0.75 + 0.35 * moved)
    return grey.astype(np.float32), flow.astype(np.float32)


def _coloured(grey: Image, flow: Image) -> NDArray[np.uint8]:
    """Show flow towards the probe red to yellow, away from it blue to cyan."""
    strength = np.abs(flow)[..., None]
    shown = (strength > 0.22).astype(np.float32)
    bright = np.clip(strength * 300, 0, 255)
    warm = np.concatenate([bright, bright * strength, 0 * bright], axis=-1)
    cold = np.concatenate([0 * bright, bright * strength, bright], axis=-1)
    colour = np.where(flow[..., None] > 0, warm, cold)
    mixed = grey[..., None] * (1 - shown) + colour * shown
    return np.clip(mixed, 0, 255).astype(np.uint8)


def _scale_bar(rows: int) -> NDArray[np.uint8]:
    """Draw the velocity scale beside the sector."""
    speed = np.linspace(1, -1, rows, dtype=np.float32)[:, None].repeat(10, axis=1)
    return _coloured(np.zeros_like(speed), speed)
