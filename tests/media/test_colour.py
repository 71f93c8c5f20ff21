from __future__ import annotations

from PIL import ImageCms

from realqa_agent.media.colour import transform_to_srgb


def test_an_srgb_profile_needs_no_work_whatever_it_is_called() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert transform_to_srgb(profile, "RGB") is None
    assert transform_to_srgb(profile.replace(b"sRGB", b"Sony"), "RGB") is None
